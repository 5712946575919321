import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context } from 'aws-lambda';
import { afterAll, afterEach, beforeAll, vi } from 'vitest';
import { AwsError } from '../../local/aws/aws.ts';
import { ObjectStore, serveObjects } from '../../local/aws/s3.ts';
import type { HttpRequest, HttpResponse, Listener } from '../../local/runtime/http.ts';
import type { AuditKind } from '../../shared/contract/audit.ts';
import { workers } from '../../shared/contract/registry.ts';
import { requestContext } from '../../shared/runtime/request-context.ts';
import { pretendBcrypt } from '../bcrypt.ts';
import { underGrantsOf } from '../grants.ts';
import { asSystem } from './actor.ts';

/** A kind of entries for tests. */
export const sampleKind: AuditKind = { type: 'sample.made', description: 'A test made an entry.' };

/** A fault that ends a run at a call of AWS: instead of the call, or once it was done. */
export interface Crash {
  readonly call: number;
  readonly when: 'before' | 'after';
}

export class CrashError extends Error {
  override readonly name = 'CrashError';
}

/** Every way to break off in the first calls. */
export const crashes = (calls: number): Crash[] =>
  Array.from({ length: calls }, (_, call) => [
    { call, when: 'before' } as const,
    { call, when: 'after' } as const,
  ]).flat();

/** Counts calls, and breaks off at one of them. */
function crashing({ call, when }: Crash) {
  let calls = 0;
  return async <T>(work: () => Promise<T>): Promise<T> => {
    const number = calls++;
    if (number === call && when === 'before') throw new CrashError();
    // What broke off does nothing any more.
    if (number > call) throw new CrashError();
    const result = await work();
    if (number === call) throw new CrashError();
    return result;
  };
}

const context = { awsRequestId: 'test', getRemainingTimeInMillis: () => 300_000 } as Context;

/** Runs a worker of the audit log as its schedule does, under the grants of its entry. */
export async function runWorker(id: 'audit/chain' | 'audit/export'): Promise<void> {
  const needs = workers.find((worker) => worker.id === id) ?? {};
  const { handler } =
    id === 'audit/chain'
      ? await import('../../functions/audit/chain.ts')
      : await import('../../functions/audit/export.ts');
  await underGrantsOf(id, needs, () => handler({}, context));
}

/** Runs work that breaks off at a call of the table. True when it got that far. */
export async function breakOff(crash: Crash, work: () => Promise<unknown>): Promise<boolean> {
  const { tableClient } = await import('../../shared/table/table.ts');
  const guard = crashing(crash);
  const broken = new Proxy(tableClient, {
    get: (client, name) =>
      name === 'send'
        ? (...sent: unknown[]) =>
            guard(() => Reflect.apply(client.send, client, sent) as Promise<unknown>)
        : Reflect.get(client, name),
  });
  try {
    await requestContext.run({ allowances: [], tableClient: broken }, work);
    return false;
  } catch (error) {
    if (!(error instanceof CrashError)) throw error;
    return true;
  }
}

/** Makes entries for a tenant, one transaction each. */
export async function makeEntries(tenantId: string, count: number): Promise<void> {
  const [{ auditEntry }, { transact }] = await Promise.all([
    import('../../shared/audit/entry.ts'),
    import('../../shared/table/table.ts'),
  ]);
  let number = 0;
  const maker = async () => {
    while (number < count) {
      const subject = `thing-${number++}`;
      await transact(await auditEntry(tenantId, sampleKind, { subject }));
    }
  };
  await asSystem(() => Promise.all(Array.from({ length: 10 }, maker)));
}

export interface Archive {
  /** Texts of the objects by their names. */
  objects(): Promise<Record<string, string>>;
  /** Answers otherwise from now on, until the end of the test. */
  intercept(answer: (request: HttpRequest, pass: () => HttpResponse) => HttpResponse): void;
}

const bucketName = 'audit-exports';

/** The bucket of exports, locked, in a folder of its own for each test. */
export function useArchive(): Archive {
  let listener: Listener | undefined;
  let folder = '';
  let store: ObjectStore | undefined;
  let answer: Parameters<Archive['intercept']>[0] = (_, pass) => pass();
  const fresh = () => {
    if (folder) rmSync(folder, { recursive: true, force: true });
    folder = mkdtempSync(join(tmpdir(), 'tenantry-archive-'));
    const spec = { name: bucketName, arn: `arn:aws:s3:::${bucketName}` };
    store = new ObjectStore([{ ...spec, lock: { mode: 'COMPLIANCE', days: 365 } }], folder);
    answer = (_, pass) => pass();
  };
  beforeAll(async () => {
    pretendBcrypt('not needed here');
    fresh();
    const handle: ObjectStore['handle'] = (request, principal) =>
      answer(request, () => {
        if (!store) throw new AwsError('InternalError', 'There is no store', 500);
        return store.handle(request, principal);
      });
    const anyone = { arn: 'test', authorize: () => undefined };
    listener = await serveObjects({ handle }, () => anyone);
    process.env.AWS_ENDPOINT_URL_S3 = listener.url;
  });
  afterEach(fresh);
  afterAll(async () => {
    await listener?.stop();
    rmSync(folder, { recursive: true, force: true });
    vi.restoreAllMocks();
  });
  return {
    objects: async () => {
      const get = async (path: string) =>
        (await fetch(`${listener?.url}/${bucketName}${path}`)).text();
      const names = [...(await get('?list-type=2')).matchAll(/<Key>([^<]+)<\/Key>/g)];
      return Object.fromEntries(
        await Promise.all(names.map(async ([, name = '']) => [name, await get(`/${name}`)])),
      );
    },
    intercept: (next) => {
      answer = next;
    },
  };
}
