import { mkdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import * as z from 'zod/mini';
import { clockRoutes } from '../../console/clock.ts';
import { serveConsole } from '../../console/console.ts';
import { Clock } from '../../runtime/clock.ts';
import { headerOf, jsonResponse, listen, readRequest, writeResponse } from '../../runtime/http.ts';
import { PlainError } from '../../runtime/plain-error.ts';
import { claimDataDir } from '../../runtime/process.ts';
import { Template } from '../../template/template.ts';
import { region } from '../aws.ts';
import { notification } from '../event-bridge.ts';
import { Identities } from '../iam.ts';
import { type Marketplace, startMarketplace } from './marketplace.ts';
import type { Send } from './notices.ts';
import { identities, type ListedProduct, pricings } from './products.ts';
import { marketplaceRoutes } from './routes.ts';
import type { Notice } from './state.ts';

/** A file of products: a list of what is listed. */
const ProductsFile = z
  .array(
    z.strictObject({
      code: z.string().check(z.regex(/^[-a-zA-Z0-9/=:_.@]{1,255}$/, 'is not a product code')),
      name: z.optional(z.string()),
      pricing: z._default(z.enum(pricings, `is none of ${pricings.join(', ')}`), 'usage'),
      identity: z._default(z.enum(identities, `is none of ${identities.join(', ')}`), 'license'),
      dimensions: z._default(
        z.array(
          z.strictObject({
            key: z.string().check(z.minLength(1)),
            kind: z.enum(['metered', 'entitled'], 'is neither metered nor entitled'),
          }),
        ),
        [],
      ),
    }),
  )
  .check(z.minLength(1, 'lists no product'));

/** The products of a file. Throws PlainError for a file that holds none. */
export function readProducts(file: string): ListedProduct[] {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new PlainError(
      `${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  const result = ProductsFile.safeParse(value);
  if (result.success)
    return result.data.map((product) => ({ ...product, name: product.name ?? product.code }));
  const [issue] = result.error.issues;
  throw new PlainError(`${file}: ${issue?.path.join('.')} ${issue?.message}`);
}

/** Sends notices to a URL by POST, as JSON: an event as EventBridge has it, a message as SNS has it. */
export function sendToWebhook(url: string): Send {
  return async (notice) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: bodyOf(notice),
      signal: AbortSignal.timeout(10_000),
    });
    await response.body?.cancel();
    if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  };
}

/** Sends notices to a queue of an SQS at some endpoint, as a rule of EventBridge does. */
export function sendToQueue(queueUrl: string, endpoint: string | undefined): Send {
  const client = new SQSClient({
    region: process.env.AWS_REGION ?? region,
    ...(endpoint && {
      endpoint,
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    }),
  });
  return async (notice) => {
    await client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: bodyOf(notice) }));
  };
}

function bodyOf(notice: Notice): string {
  return JSON.stringify(notice.channel === 'event-bridge' ? notice.event : notification(notice));
}

export interface AloneOptions {
  /** 0 for any free port. */
  readonly port: number;
  readonly host?: string;
  readonly dataDir: string;
  readonly products: readonly ListedProduct[];
  /** Where "Set up your account" takes the buyer's browser. */
  readonly fulfilmentUrl?: string | undefined;
  /** Where events and messages go; without it they are only listed. */
  readonly send?: Send | undefined;
  readonly onError?: (error: unknown) => void;
}

export interface AloneMarketplace {
  /** Of its APIs, and with `/_local/` of its console. */
  readonly url: string;
  readonly marketplace: Marketplace;
  readonly clock: Clock;
  stop(): Promise<void>;
}

/** Starts the local AWS Marketplace for any product: APIs, script API and console on one port. */
export async function startAlone(options: AloneOptions): Promise<AloneMarketplace> {
  const { onError = () => {}, fulfilmentUrl, send = async () => {} } = options;
  const dataDir = resolve(options.dataDir);
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const release = await claimDataDir(dataDir);
  const clock = new Clock(dataDir, onError);
  const marketplace = startMarketplace({
    dataDir,
    clock,
    send,
    products: options.products,
    // There are no policies here: every caller is the seller.
    identities: new Identities(new Template([], {})),
    onError,
  });
  const answerConsole = serveConsole(
    [...marketplaceRoutes(marketplace, fulfilmentUrl ?? null), ...clockRoutes(clock)],
    fulfilmentUrl && new URL(fulfilmentUrl).origin,
  );
  const stop = async () => {
    marketplace.stop();
    clock.stop();
    release();
  };
  try {
    const listener = await listen(
      async (message, response) => {
        const request = await readRequest(message);
        if (headerOf(request.headers, 'x-amz-target') !== undefined)
          return marketplace.answer(message, response, request);
        const answer = await (answerConsole(request) ?? notHere(request.path));
        writeResponse(message, response, answer);
      },
      { port: options.port, ...(options.host && { host: options.host }), onError },
    );
    return {
      url: listener.url,
      marketplace,
      clock,
      stop: async () => {
        await listener.stop();
        await stop();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

const notHere = (path: string) =>
  path === '/'
    ? { status: 303, headers: [['Location', '/_local/'] as const], body: Buffer.alloc(0) }
    : jsonResponse(404, { message: 'The local AWS Marketplace has its console at /_local/' });
