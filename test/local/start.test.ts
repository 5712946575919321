import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ensureBuild } from '../../local/build.ts';
import { startCloud } from '../../local/cloud.ts';
import { PortTakenError } from '../../local/runtime/http.ts';
import { isRunning } from '../../local/runtime/process.ts';
import { type MiniAssembly, writeMiniAssembly } from './mini-assembly.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));

interface Run {
  readonly process: ChildProcess;
  output(): string;
  readonly ended: Promise<number | null>;
}

const running: Run[] = [];
const cleanups: (() => void)[] = [];
afterEach(async () => {
  for (const run of running.splice(0)) {
    run.process.kill('SIGKILL');
    await run.ended;
  }
  for (const clean of cleanups.splice(0)) clean();
});

function run(script: string, args: string[], environment: Record<string, string> = {}): Run {
  const child = spawn(process.execPath, [join(repository, script), ...args], {
    cwd: repository,
    env: { ...process.env, ...environment },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const started: Run = {
    process: child,
    output: () => output,
    ended: new Promise((resolve) => child.on('close', resolve)),
  };
  running.push(started);
  return started;
}

/** Waits for a condition outside this process, for 20 seconds at most. */
async function until(what: string, holds: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 20_000; Date.now() < deadline; ) {
    if (holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`Never came true: ${what}`);
}

async function runMini({
  assembly,
  dataDir,
}: MiniAssembly): Promise<Run & { url: string; table: string }> {
  const started = run('test/local/run-mini.ts', [assembly, dataDir]);
  await until('the cloud says where it is', () => started.output().includes('\n'));
  return { ...started, ...(JSON.parse(started.output()) as { url: string; table: string }) };
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tenantry-start-'));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'data');
}

function mini(): MiniAssembly {
  const files = writeMiniAssembly();
  cleanups.push(() => files.remove());
  return files;
}

async function call(
  table: string,
  operation: string,
  input: object,
): Promise<Record<string, unknown>> {
  const response = await fetch(table, {
    method: 'POST',
    headers: {
      'x-amz-target': `DynamoDB_20120810.${operation}`,
      authorization: 'AWS4-HMAC-SHA256 Credential=local/20261120/us-east-1/dynamodb/aws4_request',
    },
    body: JSON.stringify({ TableName: 'Mini-Table', ...input }),
  });
  if (!response.ok) throw new Error(`${operation} answered ${response.status}`);
  return (await response.json()) as Record<string, unknown>;
}

const databaseOf = (dataDir: string) => Number(readFileSync(join(dataDir, 'dynoxide.pid'), 'utf8'));
const isDatabaseRunning = (pid: number) => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('dynoxide');
  } catch {
    return false;
  }
};

describe('npm start', () => {
  beforeAll(async () => {
    await ensureBuild();
  }, 120_000);

  it('says in one line when it is ready, and stops all that it started when asked to', async () => {
    const dataDir = temporaryFolder();
    const started = run('local/start.ts', [], { PORT: '0', DATA_DIR: dataDir });
    await until('the ready line', () => started.output().includes('ready'));
    expect(started.output()).toMatch(
      /^Tenantry is ready: http:\/\/localhost:\d+ .*\/_local\/.*\/docs .*\n$/,
    );
    const database = databaseOf(dataDir);
    expect(isDatabaseRunning(database)).toBe(true);

    started.process.kill('SIGTERM');

    expect(await started.ended).toBe(0);
    expect(isDatabaseRunning(database)).toBe(false);
    expect(existsSync(join(dataDir, 'dynoxide.pid'))).toBe(false);
    const endpoints = JSON.parse(readFileSync(join(dataDir, 'endpoints.json'), 'utf8'));
    expect(endpoints).toEqual({
      secrets_manager: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      signing_keys_secret: expect.stringMatching(/^arn:aws:secretsmanager:/),
      sqs: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    });
  });

  it('says in one line that its port is taken', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await until('the server listens', () => server.listening);
    const { port } = server.address() as AddressInfo;

    const started = run('local/start.ts', [], { PORT: String(port), DATA_DIR: temporaryFolder() });

    expect(await started.ended).toBe(1);
    expect(started.output()).toBe(
      `Port ${port} on 127.0.0.1 is taken: stop what listens there, or choose another with PORT=\n`,
    );
    server.close();
  });

  it.each([
    [{ PORT: 'http' }, 'PORT must be a port number, not http\n'],
    [{ LIMITS_MULTIPLIER: 'none' }, /^LIMITS_MULTIPLIER must .*\n$/],
    [{ TOKEN_ALGORITHM: 'none' }, 'TOKEN_ALGORITHM must be one of ES256, RS256, HS256\n'],
  ])('says in one line what is wrong with %j', async (environment, message) => {
    const started = run('local/start.ts', [], {
      PORT: '0',
      DATA_DIR: temporaryFolder(),
      ...environment,
    });

    expect(await started.ended).toBe(1);
    expect(started.output()).toMatch(message);
  });

  it('asks for Node.js 24 in words that older versions can say', () => {
    const guard = readFileSync(join(repository, 'local/require-node.js'), 'utf8');

    expect(guard).not.toMatch(/^import|\?\.|\?\?/m);
    expect(
      JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')).scripts.start,
    ).toContain('require-node.js');
  });
});

describe('the cloud', () => {
  it('refuses a port that is taken, and a data folder that is in use', async () => {
    const files = mini();
    const cloud = await startCloud({ port: 0, environment: {}, ...files });

    await expect(startCloud({ environment: {}, ...mini(), port: cloud.port })).rejects.toThrow(
      PortTakenError,
    );
    await expect(startCloud({ port: 0, environment: {}, ...files })).rejects.toThrow(
      /is in use by the runner with process id/,
    );
    await cloud.stop();
  });

  it('loses nothing that it acknowledged when it is killed, and leaves no database behind', async () => {
    const files = mini();
    const first = await runMini(files);
    const database = databaseOf(files.dataDir);
    const acknowledged: string[] = [];
    const tokens: string[] = [];
    const write = async (worker: number) => {
      for (let i = 0; ; i++) {
        const sk = `${worker}-${i}`;
        await call(first.table, 'PutItem', { Item: { pk: { S: 'kept' }, sk: { S: sk } } });
        acknowledged.push(sk);
        const bought = await fetch(`${first.url}/_local/marketplace/purchases`, { method: 'POST' });
        tokens.push(((await bought.json()) as { license_arn: string }).license_arn);
        if (acknowledged.length >= 150) first.process.kill('SIGKILL');
      }
    };

    // Every writer ends by losing its connection.
    await Promise.allSettled(Array.from({ length: 8 }, (_, worker) => write(worker)));
    await first.ended;

    await until('the database has ended', () => !isDatabaseRunning(database));
    const second = await runMini(files);
    const { Items } = await call(second.table, 'Query', {
      KeyConditionExpression: 'pk = :p',
      ExpressionAttributeValues: { ':p': { S: 'kept' } },
    });
    const kept = new Set((Items as { sk: { S: string } }[]).map(({ sk }) => sk.S));
    expect(acknowledged.length).toBeGreaterThanOrEqual(150);
    expect(acknowledged.filter((sk) => !kept.has(sk))).toEqual([]);
    const purchases = (await (
      await fetch(`${second.url}/_local/marketplace/purchases`)
    ).json()) as { license_arn: string }[];
    const licenses = new Set(purchases.map(({ license_arn }) => license_arn));
    expect(tokens.filter((license) => !licenses.has(license))).toEqual([]);
  });

  it('ends a database that was left behind on its data, and no other process', async () => {
    const files = mini();
    const first = await runMini(files);
    const database = databaseOf(files.dataDir);
    // The worst case: the runner and the shell that watches over the database die together.
    const shell = Number(
      /^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${database}/status`, 'utf8'))?.[1],
    );
    process.kill(shell, 'SIGSTOP');
    first.process.kill('SIGKILL');
    await first.ended;
    expect(isDatabaseRunning(database)).toBe(true);

    const second = await runMini(files);

    expect(isDatabaseRunning(database)).toBe(false);
    expect(databaseOf(files.dataDir)).not.toBe(database);
    process.kill(shell, 'SIGKILL');
    await until(
      'the shell has ended',
      () => !isRunning(shell) || !existsSync(`/proc/${shell}/exe`),
    );
    expect((await fetch(`${second.url}/id`)).status).toBe(200);
  });
});
