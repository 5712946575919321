import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { moveDate } from '../runtime/moved-date.ts';
import { installAwslambda, isStreaming, ResponseStream, type Take } from './awslambda.ts';
import type { FromWorker, InvokeMessage, ToWorker, WorkerSettings } from './lambda.ts';

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

installAwslambda();
moveDate(settings.clock);

type Handler = (event: unknown, ...rest: unknown[]) => unknown;

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

function contextOf({ requestId, timeoutMs }: InvokeMessage) {
  // A clock that is advanced takes nothing from the time that the function has.
  const deadline = performance.now() + timeoutMs;
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: settings.functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: settings.functionArn,
    memoryLimitInMB: String(settings.memoryMb),
    awsRequestId: requestId,
    logGroupName: `/aws/lambda/${settings.functionName}`,
    logStreamName: settings.logStream,
    getRemainingTimeInMillis: () => Math.max(0, Math.round(deadline - performance.now())),
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

let output: ResponseStream | undefined;
let taken: (() => void) | undefined;

const sendChunk: Take = (chunk, done) => {
  taken = done;
  send({ kind: 'chunk', chunk });
};

/** Runs an event to its end. Returns what was not sent on the way. */
async function run(handler: Handler, message: InvokeMessage): Promise<string> {
  const event: unknown = JSON.parse(message.event);
  const context = contextOf(message);
  const isStream = isStreaming(handler);
  if (!isStream && !message.streams) return JSON.stringify(await handler(event, context)) ?? 'null';

  const kept: Buffer[] = [];
  const keep: Take = (chunk, done) => {
    kept.push(chunk);
    done();
  };
  output = new ResponseStream(message.streams ? sendChunk : keep);
  if (isStream) await handler(event, output, context);
  else output.end(JSON.stringify(await handler(event, context)) ?? 'null');
  // A stream that was left before its end ends with an error, which has no listener.
  await finished(output).catch(() => {});
  return Buffer.concat(kept).toString();
}

try {
  const handler = await loadHandler();
  port.on('message', async (message: ToWorker) => {
    if (message.kind === 'taken') return taken?.();
    if (message.kind === 'left') return output?.destroy();
    process.env._X_AMZN_TRACE_ID = message.trace;
    try {
      send({ kind: 'result', payload: await run(handler, message) });
    } catch (error) {
      send({ kind: 'error', ...describe(error) });
    }
  });
  send({ kind: 'ready' });
} catch (error) {
  send({ kind: 'failed', ...describe(error) });
}
