import { createServer, type IncomingHttpHeaders } from 'node:http';
import { Webhook } from 'standardwebhooks';

export interface Received {
  headers: IncomingHttpHeaders;
  body: string;
}

export interface Receiver {
  url: string;
  received: Received[];
  /** How it answers from now on. */
  answer: {
    status: number;
    headers?: Record<string, string>;
    body?: string;
    hangs?: boolean;
    /** What happens while a request waits for its answer. */
    meanwhile?: () => Promise<unknown>;
  };
  stop: () => void;
}

/** A receiver of webhooks on this machine. */
export async function startReceiver(): Promise<Receiver> {
  const received: Received[] = [];
  const receiver: Receiver = { url: '', received, answer: { status: 204 }, stop: () => undefined };
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    received.push({ headers: request.headers, body: Buffer.concat(chunks).toString() });
    const { status, headers = {}, body = '', hangs, meanwhile } = receiver.answer;
    await meanwhile?.();
    if (hangs) return;
    response.writeHead(status, headers);
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('The receiver has no port');
  receiver.url = `http://127.0.0.1:${address.port}/hook`;
  receiver.stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return receiver;
}

/** What the reference library makes of a delivery. Throws when it does not verify. */
export function verified(secret: string, { headers, body }: Received): Record<string, unknown> {
  return new Webhook(secret).verify(body, headers as Record<string, string>) as Record<
    string,
    unknown
  >;
}
