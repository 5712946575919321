import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, describe, expect, it } from 'vitest';
import { type Run, runScript, until } from '../../../../harness/runner.ts';
import { Identities } from '../../../../local/aws/iam.ts';
import { startSqs } from '../../../../local/aws/sqs.ts';
import { Template } from '../../../../local/template/template.ts';

const repository = fileURLToPath(new URL('../../../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'tenantry-alone-'));
const running: Run[] = [];
afterAll(async () => {
  for (const run of running) run.process.kill('SIGTERM');
  await Promise.all(running.map(({ ended }) => ended));
  rmSync(folder, { recursive: true, force: true });
});

let runs = 0;
/** Starts it with some options; the port is any, and the data folder its own. */
function start(...options: string[]): Run {
  runs += 1;
  const run = runScript(repository, 'local/marketplace.ts', [
    ...['--port', '0', '--data-dir', join(folder, String(runs))],
    ...options,
  ]);
  running.push(run);
  return run;
}

async function urlOf(run: Run): Promise<string> {
  await until('it is ready', () => run.output().includes('ready') || run.process.exitCode !== null);
  const [, url] = /ready: (http\S+)/.exec(run.output()) ?? [];
  if (!url) throw new Error(run.output());
  return url;
}

const post = async (url: string, path: string, body: object) => {
  const response = await fetch(`${url}/_local/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return (await response.json()) as Record<string, unknown>;
};

/** Takes what is posted to it. */
async function webhook() {
  const bodies: Record<string, unknown>[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      bodies.push(JSON.parse(body));
      response.end();
    });
  }).listen(0, '127.0.0.1');
  await until('the webhook listens', () => server.listening);
  const { port } = server.address() as AddressInfo;
  return { bodies, url: `http://127.0.0.1:${port}/events`, close: () => server.close() };
}

describe('npm run marketplace', () => {
  it('sells what a file lists and posts events and messages to a URL', async () => {
    const file = join(folder, 'products.json');
    writeFileSync(
      file,
      JSON.stringify([
        { code: 'mine', pricing: 'contract', dimensions: [{ key: 'seats', kind: 'entitled' }] },
        { code: 'mine-older', identity: 'customer' },
      ]),
    );
    const receiver = await webhook();
    const url = await urlOf(start('--products', file, '--webhook', receiver.url));

    expect(await post(url, 'marketplace/purchases', {})).toMatchObject({ product_code: 'mine' });
    await post(url, 'marketplace/purchases', { product_code: 'mine-older' });

    expect(receiver.bodies).toMatchObject([
      { 'detail-type': 'Purchase Agreement Created - Proposer' },
      { 'detail-type': 'License Updated - Manufacturer', detail: { product: { code: 'mine' } } },
      { Type: 'Notification', Message: expect.stringContaining('"subscribe-success"') },
    ]);
    receiver.close();
  });

  it('says of an event that nobody took why, and sends it again when told to', async () => {
    const receiver = await webhook();
    receiver.close();
    const url = await urlOf(start('--webhook', receiver.url));

    await post(url, 'marketplace/purchases', {});

    const events = await (await fetch(`${url}/_local/marketplace/events`)).json();
    expect(events).toMatchObject([
      { status: 'failed', sent_at: [], error: expect.any(String) },
      { status: 'failed' },
    ]);
  });

  it('puts events into a queue', async () => {
    const template = new Template(
      [
        {
          name: 'Other',
          parameters: {},
          conditions: {},
          mappings: {},
          outputs: {},
          resources: { Queue: { Type: 'AWS::SQS::Queue', Properties: {} } },
        },
      ],
      {},
    );
    const sqs = await startSqs({ template, identities: new Identities(template) });
    const queueUrl = 'https://sqs.us-east-1.amazonaws.com/000000000000/Other-Queue';
    const url = await urlOf(start('--queue-url', queueUrl, '--sqs-endpoint', sqs.url));

    await post(url, 'marketplace/purchases', {});

    const client = new SQSClient({
      endpoint: sqs.url,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    });
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({ QueueUrl: queueUrl, MaxNumberOfMessages: 10 }),
    );
    expect(Messages.map(({ Body = '' }) => JSON.parse(Body)['detail-type'])).toEqual([
      'Purchase Agreement Created - Proposer',
      'License Updated - Manufacturer',
    ]);
    client.destroy();
    await sqs.stop();
  });

  it.each<[string[], RegExp]>([
    [['--prot', '1'], /Unknown option '--prot'[\s\S]*npm run marketplace -- \[options\]/],
    [['--port', 'x'], /^--port must be a port number, not x\n$/],
    [['--webhook', 'x'], /^--webhook must be a URL, not x\n$/],
    [['--webhook', 'http://a', '--queue-url', 'http://b'], /not to both\n$/],
    [['--products', '/nothing.json'], /^\/nothing.json cannot be read: .*\n$/],
  ])('refuses %j in a line that says why', async (options, reason) => {
    const run = start(...options);

    expect(await run.ended).toBe(1);
    expect(run.output()).toMatch(reason);
  });

  it('refuses a file of products that says something else, and where', async () => {
    const file = join(folder, 'wrong.json');
    writeFileSync(file, JSON.stringify([{ code: 'a', pricing: 'gift' }]));

    const run = start('--products', file);

    expect(await run.ended).toBe(1);
    expect(run.output()).toMatch(/wrong.json: 0.pricing is none of usage, contract,/);
  });
});

describe('its README', () => {
  const path = 'local/aws/marketplace/README.md';
  const text = readFileSync(join(repository, path), 'utf8');

  it('has every option that --help has, and no other', async () => {
    const run = start('--help');

    expect(await run.ended).toBe(0);
    const optionsIn = (words: string) => [
      ...new Set(words.match(/(?<![\w-])--[a-z][a-z-]+/g)?.toSorted()),
    ];
    expect(optionsIn(text)).toEqual(optionsIn(run.output()));
  });

  it('has commands that work one after the other', async () => {
    const scripts = [...text.matchAll(/```bash tour\n([\s\S]*?)```/g)].map(([, script]) => script);
    expect(scripts.length).toBeGreaterThan(3);
    const receiver = await webhook();
    const url = await urlOf(start('--webhook', receiver.url));

    const { stdout } = await promisify(execFile)(
      'bash',
      ['-c', `set -euo pipefail\n${scripts.join('\n')}`],
      { env: { ...process.env, BASE: url } },
    );

    expect(stdout).toContain('throttled, as it was told to');
    expect(stdout).toContain('"Status":"Success"');
    expect(receiver.bodies.map((body) => body['detail-type'])).toEqual([
      'Purchase Agreement Created - Proposer',
      'License Updated - Manufacturer',
      'Purchase Agreement Ended - Proposer',
      'License Deprovisioned - Manufacturer',
    ]);
    receiver.close();
  });
});
