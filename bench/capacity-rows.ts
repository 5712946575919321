import { loadSamples } from '../harness/samples.ts';
import { type Authorized, newTenant, type Stage } from '../harness/tenant.ts';
import { loadCases, type Measured } from './capacity-cases.ts';
import { consumedBy, roundTrips, type TableMeter } from './table-meter.ts';

/** What one request to an endpoint takes of the table. */
export interface CapacityRow {
  endpointId: string;
  /** When this is the figure; empty where the endpoint has only one. */
  when: string;
  /** Read capacity units. */
  read: number;
  /** Read capacity units while the container remembers the session or the API key. */
  readAgain: number;
  /** Write capacity units of single writes. */
  write: number;
  /** Write capacity units of transactions, computed. */
  transactionWrite: number;
  /** How often the request waits for the table. */
  roundTrips: number;
}

/** Measures every case. The stage must run the functions over the table client that the meter watches. */
export async function measureCapacity(
  stage: Stage,
  meter: TableMeter,
  tell: (progress: string) => void = () => undefined,
): Promise<CapacityRow[]> {
  const rows: CapacityRow[] = [];
  for (const one of await loadCases(await loadSamples())) {
    tell(one.endpoint.id);
    rows.push(await measure(one, stage, meter));
  }
  return rows;
}

async function measure(
  { endpoint, when, status, request }: Measured,
  stage: Stage,
  meter: TableMeter,
): Promise<CapacityRow> {
  const tenant = await newTenant(stage);
  const credentials = await tenant.credentialsFor(endpoint);
  const watch = async (sent: Authorized) =>
    meter.watch(async () => {
      const answer = await stage.send(endpoint, sent);
      if (answer.status !== status) throw new Error(`${endpoint.id} answered ${answer.status}`);
    });

  const prepared = await request(tenant);
  // What was sent to prepare made the session known; no container knows the next one.
  const opened = credentials.token ? { token: await tenant.signIn() } : credentials;
  const calls = await watch({ ...prepared, ...opened });
  const consumed = consumedBy(calls);
  const row = {
    endpointId: endpoint.id,
    when,
    ...consumed,
    readAgain: consumed.read,
    roundTrips: roundTrips(calls),
  };
  if (!opened.token && !opened.apiKey) return row;

  const again = await watch({ ...(await request(tenant)), ...opened });
  return { ...row, readAgain: consumedBy(again).read };
}
