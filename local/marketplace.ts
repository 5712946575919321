import './require-node.js';
import { parseArgs } from 'node:util';
import { readProducts, sendToQueue, sendToWebhook, startAlone } from './aws/marketplace/alone.ts';
import { unlisted } from './aws/marketplace/products.ts';
import { PlainError } from './runtime/plain-error.ts';
import { onPackageManagerExit } from './runtime/process.ts';

const usage = `npm run marketplace -- [options]

The local AWS Marketplace alone, for any product: its APIs, the script API and the console on one port.

  --port <port>             default 4100; 0 for any free port
  --host <address>          default 127.0.0.1
  --data-dir <folder>       what it keeps; default .marketplace
  --products <file>         what is listed, as JSON; default one product demo-product, paid by use
  --fulfilment-url <url>    where "Set up your account" posts the registration token
  --webhook <url>           where events and messages are posted to
  --queue-url <url>         a queue of SQS that they are put into instead
  --sqs-endpoint <url>      where that SQS is; default AWS, with the credentials of the environment
  --help`;

main().catch((error: unknown) => {
  if (!(error instanceof PlainError)) throw error;
  console.error(error.message);
  process.exit(1);
});

function readOptions() {
  try {
    return parseArgs({
      options: {
        port: { type: 'string', default: '4100' },
        host: { type: 'string' },
        'data-dir': { type: 'string', default: '.marketplace' },
        products: { type: 'string' },
        'fulfilment-url': { type: 'string' },
        webhook: { type: 'string' },
        'queue-url': { type: 'string' },
        'sqs-endpoint': { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new PlainError(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  }
}

function requireUrl(option: string, value: string | undefined): string | undefined {
  if (value === undefined || /^https?:$/.test(URL.parse(value)?.protocol ?? '')) return value;
  throw new PlainError(`--${option} must be a URL, not ${value}`);
}

async function main(): Promise<void> {
  const options = readOptions();
  if (options.help) {
    console.log(usage);
    return;
  }
  const { port, host, products } = options;
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    throw new PlainError(`--port must be a port number, not ${port}`);
  const webhook = requireUrl('webhook', options.webhook);
  const queueUrl = requireUrl('queue-url', options['queue-url']);
  const sqsEndpoint = requireUrl('sqs-endpoint', options['sqs-endpoint']);
  if (webhook && queueUrl)
    throw new PlainError('Events go to --webhook or to --queue-url, not to both');

  const alone = await startAlone({
    port: Number(port),
    ...(host && { host }),
    dataDir: options['data-dir'],
    products: products ? readProducts(products) : [unlisted('demo-product')],
    fulfilmentUrl: requireUrl('fulfilment-url', options['fulfilment-url']),
    send: webhook
      ? sendToWebhook(webhook)
      : queueUrl
        ? sendToQueue(queueUrl, sqsEndpoint)
        : undefined,
    onError: (error) => console.error(error instanceof Error ? error.message : String(error)),
  });
  let isStopping = false;
  const stop = async () => {
    if (isStopping) return;
    isStopping = true;
    await alone.stop();
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGBREAK']) process.on(signal, stop);
  onPackageManagerExit(stop);
  console.log(
    `The local AWS Marketplace is ready: ${alone.url}  Buy at ${alone.url}/_local/, point AWS_ENDPOINT_URL_MARKETPLACE_METERING and its like at ${alone.url}`,
  );
}
