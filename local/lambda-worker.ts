import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import type { FromWorker, ToWorker, WorkerSettings } from './lambda.ts';

/** One execution environment: loads the function's code once, then runs one event after the other. */
const settings = workerData as WorkerSettings;
const port = parentPort;
if (!port) throw new Error('This file runs in a worker of the local Lambda');

const send = (message: FromWorker) => port.postMessage(message);

// Sent as messages, so that what a function logs arrives before its answer does.
for (const name of ['stdout', 'stderr'] as const) {
  process[name].write = (chunk: string | Uint8Array, encoding?: unknown, done?: unknown) => {
    send({
      kind: 'log',
      stream: name,
      text: typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString(),
    });
    const callback = typeof encoding === 'function' ? encoding : done;
    if (typeof callback === 'function') callback();
    return true;
  };
}

type Handler = (event: unknown, context: unknown) => unknown;

async function loadHandler(): Promise<Handler> {
  const [file = '', name = ''] = settings.handler.split(/\.(?=[^.]*$)/);
  const path = join(settings.folder, file);
  const module = existsSync(`${path}.mjs`)
    ? await import(pathToFileURL(`${path}.mjs`).href)
    : createRequire(`${settings.folder}/`)(path);
  const handler: unknown = module[name];
  if (typeof handler !== 'function')
    throw new Error(`${settings.handler} is undefined or not exported`);
  return handler as Handler;
}

function contextOf({ requestId, deadline }: ToWorker) {
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: settings.functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: settings.functionArn,
    memoryLimitInMB: String(settings.memoryMb),
    awsRequestId: requestId,
    logGroupName: `/aws/lambda/${settings.functionName}`,
    logStreamName: settings.logStream,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}

function describe(error: unknown) {
  if (error instanceof Error) {
    return {
      errorType: error.name,
      errorMessage: error.message,
      trace: error.stack?.split('\n') ?? [],
    };
  }
  return { errorType: typeof error, errorMessage: String(error), trace: [] };
}

try {
  const handler = await loadHandler();
  port.on('message', async (message: ToWorker) => {
    process.env._X_AMZN_TRACE_ID = message.trace;
    try {
      const result = await handler(JSON.parse(message.event), contextOf(message));
      send({ kind: 'result', payload: JSON.stringify(result) ?? 'null' });
    } catch (error) {
      send({ kind: 'error', ...describe(error) });
    }
  });
  send({ kind: 'ready' });
} catch (error) {
  send({ kind: 'failed', ...describe(error) });
}
