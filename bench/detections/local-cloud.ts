import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Cloud } from '../../local/cloud.ts';

/** What the process of a cloud says of it once it is ready. */
export type CloudAddress = Pick<Cloud, 'url' | 'table'>;

/** A running cloud with a tenant that has claimed an interface and reported sixty detections. */
export interface FilledCloud extends CloudAddress {
  readonly tenantId: string;
  readonly token: string;
  stop(): Promise<void>;
}

/** Starts the cloud as `npm start` does, in a process of its own with data of its own, and fills it. */
export async function startFilledCloud(): Promise<FilledCloud> {
  const dataDir = mkdtempSync(join(tmpdir(), 'tenantry-bench-'));
  const child = fork(fileURLToPath(new URL('local-cloud-child.ts', import.meta.url)), [dataDir], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async () => {
    if (child.connected) child.disconnect();
    await ended;
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    const address = await addressOf(child);
    return { ...address, ...(await fill(address.url)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function addressOf(child: ChildProcess): Promise<CloudAddress> {
  return new Promise((resolve, reject) => {
    child.once('message', (address: CloudAddress) => resolve(address));
    child.once('exit', (code) => reject(new Error(`The cloud ended with ${code}`)));
  });
}

const password = 'correct horse battery';
const eniId = 'eni-0123456789abcdef0';

async function fill(url: string): Promise<{ tenantId: string; token: string }> {
  const post = async (path: string, body: object, headers: Record<string, string> = {}) => {
    const response = await fetch(url + path, {
      method: 'POST',
      headers: { accept: 'application/json', 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path} answered ${response.status}`);
    return (await response.json()) as Record<string, string>;
  };
  const { access_token: token = '' } = await post('/api/v1/auth/register', {
    email: 'owner@example.com',
    password,
    company_name: 'Example Ltd',
  });
  const bearer = { authorization: `Bearer ${token}` };
  const { key = '' } = await post('/api/v1/api-keys', { name: 'sensor' }, bearer);
  await post('/api/v1/enis', { eni_ids: [eniId] }, bearer);
  const detections = Array.from({ length: 60 }, (_, index) => ({
    source_ip: `192.0.2.${index}`,
    label: 'MALWARE',
    probability: 0.9,
    eni_id: eniId,
  }));
  await post('/api/v1/detections', { detections }, { 'x-api-key': key });
  const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
  return { tenantId: String(claims.tenant_id), token };
}

/** Fetches a path again and again over connections that stay open. Throws for any status but 200. */
export function clientOf(url: string, token: string, connections = 1) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const headers = { authorization: `Bearer ${token}` };
  return {
    get: (path: string) =>
      new Promise<Buffer>((resolve, reject) => {
        request(url + path, { agent, headers }, (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.once('error', reject);
          response.once('end', () => {
            if (response.statusCode === 200) resolve(Buffer.concat(chunks));
            else reject(new Error(`${path} answered ${response.statusCode}`));
          });
        })
          .once('error', reject)
          .end();
      }),
    close: () => agent.destroy(),
  };
}
