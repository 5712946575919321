import { type Case, cases, newOwner, type Request, type Send, signIn } from './capacity-cases.ts';
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

/** Measures every case. `newOzonKey` makes what Ozon accepts; `send` must run the functions over the table client that the meter watches. */
export async function measureCapacity(
  send: Send,
  meter: TableMeter,
  newOzonKey: () => object,
  tell: (progress: string) => void = () => undefined,
): Promise<CapacityRow[]> {
  const rows: CapacityRow[] = [];
  for (const one of cases) {
    tell(one.endpointId);
    rows.push(await measure(one, send, meter, newOzonKey));
  }
  return rows;
}

async function measure(
  one: Case,
  send: Send,
  meter: TableMeter,
  newOzonKey: () => object,
): Promise<CapacityRow> {
  const owner = await newOwner(send);
  const watch = (request: Request) =>
    meter.watch(() => send(one.endpointId, request, one.expectedStatus));

  const prepared = await one.request(owner, send, newOzonKey);
  // What was sent to prepare made the session known; nobody knows the next one.
  const token = prepared.token && (await send('auth/login', signIn(owner))).access_token;
  const calls = await watch({ ...prepared, ...(token && { token }) });
  const consumed = consumedBy(calls);
  const row = {
    endpointId: one.endpointId,
    when: one.when ?? '',
    ...consumed,
    readAgain: consumed.read,
    roundTrips: roundTrips(calls),
  };
  if (!token && !prepared.apiKey) return row;

  const { apiKey } = prepared;
  const again = {
    ...(await one.request(owner, send, newOzonKey)),
    ...(token && { token }),
    ...(apiKey && { apiKey }),
  };
  return { ...row, readAgain: consumedBy(await watch(again)).read };
}
