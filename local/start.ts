import './require-node.js';
import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { type Cloud, startCloud } from './cloud.ts';
import type { FunctionLog } from './lambda/lambda.ts';
import { PlainError } from './runtime/plain-error.ts';
import { onPackageManagerExit } from './runtime/process.ts';
import { watchSources } from './watch.ts';

const {
  PORT = '3000',
  HOST,
  DATA_DIR = '.local',
  AWS_ENDPOINT_URL_DYNAMODB: dynamoDbUrl,
} = process.env;

await main();

async function main(): Promise<void> {
  if (!/^\d{1,5}$/.test(PORT) || Number(PORT) > 65_535)
    fail(`PORT must be a port number, not ${PORT}`);
  const isFirst = !existsSync(resolve(DATA_DIR));

  let cloud: Cloud | undefined;
  let isStopping = false;
  const stop = async (code: number) => {
    if (isStopping) return;
    isStopping = true;
    await cloud?.stop();
    process.exit(code);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK'])
    process.on(signal, () => stop(0));
  onPackageManagerExit(() => stop(0));

  try {
    cloud = await startCloud({
      port: Number(PORT),
      host: HOST,
      dataDir: DATA_DIR,
      dynamoDbUrl,
      siteChanges: true,
      onBuild: () => console.log('Bundling and synthesizing; this happens once after each change…'),
      onRequest: ({ method, path, status, ms }) =>
        console.log(`${status} ${method.padEnd(6)} ${path.slice(0, 100)} ${Math.round(ms)} ms`),
      onFunctionLog: printError,
      onError: (error) => console.error(messageOf(error)),
    });
  } catch (error) {
    fail(
      error instanceof PlainError || !(error instanceof Error)
        ? messageOf(error)
        : (error.stack ?? error.message),
    );
  }

  if (cloud.build) {
    watchSources(cloud, cloud.build, {
      folder: resolve(DATA_DIR, 'changes'),
      onLive: (what, ms) => console.log(`${what} live after ${(ms / 1000).toFixed(1)} s`),
      onError: (error) =>
        console.error(`${messageOf(error)}\nThe code from before goes on until that is put right.`),
    });
  }
  cloud.failed.then(() => {
    console.error('The embedded DynamoDB ended by itself.');
    return stop(1);
  });

  const url = HOST ? cloud.url : `http://localhost:${cloud.port}`;
  const seconds = process.uptime().toFixed(1);
  const where = relative(process.cwd(), resolve(DATA_DIR)) || '.';
  console.log(
    `Tenantry is ready: ${url}  Buy it at ${url}/_local/, read its API at ${url}/docs (${seconds} s, data ${isFirst ? 'new' : 'kept'} in ${where})`,
  );
}

function printError({ functionId, stream, line }: FunctionLog): void {
  if (stream === 'stderr' || /"level":"(WARN|ERROR|CRITICAL)"/.test(line))
    console.error(`${functionId}: ${line}`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
