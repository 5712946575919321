import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Run, runScript, until } from '../../harness/runner.ts';
import { ensureBuild } from '../../local/build.ts';
import { startCloud } from '../../local/cloud.ts';
import { PortTakenError } from '../../local/runtime/http.ts';
import { PlainError } from '../../local/runtime/plain-error.ts';
import { isRunning } from '../../local/runtime/process.ts';
import { type MiniAssembly, writeMiniAssembly } from './mini-assembly.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));

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
  const started = runScript(repository, script, args, environment);
  running.push(started);
  return started;
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

function damage(file: string, how: string): void {
  const content = how === 'cut' || how.startsWith('damaged') ? readFileSync(file) : Buffer.alloc(0);
  if (how === 'lost') rmSync(file);
  else if (how === 'no JSON') writeFileSync(file, '{"keys": ');
  else if (how === 'of another kind') writeFileSync(file, '{"secrets": []}');
  else if (how === 'damaged in the middle')
    writeFileSync(file, content.fill('damaged', 4096, content.length - 4096));
  else writeFileSync(file, content.subarray(0, Math.floor(content.length / 2)));
}

const databaseOf = (dataDir: string) => Number(readFileSync(join(dataDir, 'database.pid'), 'utf8'));
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
    expect(existsSync(join(dataDir, 'database.pid'))).toBe(false);
    const endpoints = JSON.parse(readFileSync(join(dataDir, 'endpoints.json'), 'utf8'));
    expect(endpoints).toEqual({
      lambda: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
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

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'leaves nothing behind when npm itself gets %s',
    async (signal) => {
      const dataDir = temporaryFolder();
      const npm = spawn('npm', ['start'], {
        cwd: repository,
        env: { ...process.env, PORT: '0', DATA_DIR: dataDir },
      });
      let output = '';
      npm.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
      await until('the ready line', () => output.includes('ready'));
      const database = databaseOf(dataDir);
      const { pid } = JSON.parse(readFileSync(join(dataDir, 'runner.json'), 'utf8'));
      expect(isDatabaseRunning(database)).toBe(true);

      npm.kill(signal);

      await until('the runner has ended', () => !isRunning(pid));
      await until('the database has ended', () => !isDatabaseRunning(database));
    },
  );

  it.each([
    [
      'a folder that cannot be written',
      '/sys/tenantry',
      /^\/sys\/tenantry cannot be written \(\w+\): choose another folder with DATA_DIR=\n$/,
    ],
    [
      'a file for a folder',
      fileURLToPath(import.meta.url),
      /^\S+ is no folder, or lies in something that is none: choose another folder with DATA_DIR=\n$/,
    ],
    [
      'a file on the way',
      join(fileURLToPath(import.meta.url), 'data'),
      /^\S+ is no folder, or lies in something that is none: .*\n$/,
    ],
  ])('says in one line that DATA_DIR is %s', async (_, dataDir, message) => {
    const started = run('local/start.ts', [], { PORT: '0', DATA_DIR: dataDir });

    expect(await started.ended).toBe(1);
    expect(started.output()).toMatch(message);
  });

  it.each([
    [
      { HOST: '203.0.113.1' },
      'HOST must be an address or a name of this machine, not 203.0.113.1 (EADDRNOTAVAIL)\n',
    ],
    [
      { AWS_ENDPOINT_URL_DYNAMODB: 'here' },
      'AWS_ENDPOINT_URL_DYNAMODB must be like http://localhost:8000, not here\n',
    ],
    [
      { AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:9' },
      /^No DynamoDB answers at http:\/\/127\.0\.0\.1:9: .*\n$/,
    ],
  ])('says in one line that nothing is at %j', async (environment, message) => {
    const started = run('local/start.ts', [], {
      PORT: '0',
      DATA_DIR: temporaryFolder(),
      ...environment,
    });

    expect(await started.ended).toBe(1);
    expect(started.output()).toMatch(message);
  });

  it('is a command of every system, and nothing stands between npm and the runner', () => {
    const { scripts } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));

    // cmd.exe knows no quotes of this kind, no variables, no lists, and no tools of Unix.
    for (const script of Object.values<string>(scripts))
      expect(script).not.toMatch(/['$;|<>`*~]|(^|& )\s*(\w+=|rm|cp|mv|mkdir|cat|test)\b/);
    expect(scripts.start).toMatch(/^exec node /);
    expect(readFileSync(join(repository, 'exec.cmd'), 'utf8')).toContain('@%*\r\n');
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

  it('waits for a runner that is just ending', async () => {
    const files = mini();
    const first = await startCloud({ port: 0, environment: {}, ...files });

    const [second] = await Promise.all([
      startCloud({ port: 0, environment: {}, ...files }),
      first.stop(),
    ]);

    await second.stop();
  });

  it('takes no other process for a runner that has ended', async () => {
    const files = mini();
    const other = createServer().listen(0, '127.0.0.1');
    await until('the server listens', () => other.listening);
    const { port } = other.address() as AddressInfo;
    mkdirSync(files.dataDir, { recursive: true });
    // Its process id is that of a process of today, and its port answers, but not as a runner does.
    writeFileSync(
      join(files.dataDir, 'runner.json'),
      JSON.stringify({ pid: process.pid, port, id: 'a runner of yesterday' }),
    );
    other.on('connection', (socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));

    const cloud = await startCloud({ port: 0, environment: {}, ...files });

    await cloud.stop();
    other.close();
  });

  describe.each([
    [
      'secrets.json',
      'cut',
      /secrets\.json is damaged: restore it, or delete the folder \S+ to start over$/,
    ],
    ['secrets.json', 'of another kind', /secrets\.json is damaged: /],
    [
      'secrets.json',
      'lost',
      /secrets\.json is lost, and what the table holds is sealed with it: restore the file, or delete the folder \S+ to start over$/,
    ],
    ['kms.json', 'no JSON', /kms\.json is damaged: /],
    [
      'table.sqlite',
      'cut',
      /table\.sqlite is damaged \(.*\): restore it, or delete the folder \S+ to start over$/,
    ],
    ['table.sqlite', 'empty', /table\.sqlite is damaged \(it is empty\)/],
    ['table.sqlite', 'damaged in the middle', /table\.sqlite is damaged \(.*\)/],
  ])('with a %s that is %s', (name, how, message) => {
    it('does not start, and says what to do', async () => {
      const files = mini();
      const cloud = await startCloud({ port: 0, environment: {}, ...files });
      for (let i = 0; i < 200; i++)
        await call(cloud.table.guardedEndpoint, 'PutItem', {
          Item: { pk: { S: 'kept' }, sk: { S: `${i}` }, text: { S: 'x'.repeat(500) } },
        });
      await cloud.stop();
      damage(join(files.dataDir, name), how);

      const started = startCloud({ port: 0, environment: {}, ...files });

      await expect(started).rejects.toThrow(message);
      await expect(started).rejects.toBeInstanceOf(PlainError);
    });
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

  it('leaves no database of a test behind that is killed', async () => {
    const started = run('test/local/run-database.ts', []);
    await until('the database is there', () => started.output().includes('\n'));
    const url = started.output().trim();
    expect((await fetch(url)).status).toBeGreaterThan(0);

    started.process.kill('SIGKILL');
    await started.ended;

    await until('the database has ended', async () => {
      const answer = await fetch(url).catch(() => undefined);
      return answer === undefined;
    });
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
