import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';

/** Answers one action of an AWS JSON API: a member object, or an error by its name. */
export type Answer = { members: object } | { error: string; status?: number } | { hangUp: true };
export type Actions = Record<string, (input: Record<string, unknown>) => Answer>;

export interface AwsServer {
  endpoint: string;
  /** Actions by the last part of X-Amz-Target; tests may replace them. */
  actions: Actions;
  /** Names of the actions that were called, in order. */
  calls: string[];
  /** Their `Authorization` headers. */
  authorizations: string[];
  /** Answers as at the start again. */
  reset: () => void;
  stop: () => void;
}

/** A server that speaks AWS JSON to the real SDK clients and answers as a test wants. */
export async function startAws(actions: Actions): Promise<AwsServer> {
  const calls: string[] = [];
  const authorizations: string[] = [];
  const current = { ...actions };
  const server = createServer(async (request, response) => {
    const action = String(request.headers['x-amz-target']).split('.').at(-1) ?? '';
    calls.push(action);
    authorizations.push(String(request.headers.authorization));
    const input = JSON.parse((await text(request)) || '{}');
    const answer = current[action]?.(input) ?? { error: 'UnknownOperationException' };
    if ('hangUp' in answer) {
      request.socket.destroy();
      return;
    }
    const [status, body] =
      'error' in answer
        ? [answer.status ?? 400, { __type: answer.error, message: 'As the test wants' }]
        : [200, answer.members];
    response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('The server has no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    actions: current,
    calls,
    authorizations,
    reset: () => {
      Object.assign(current, actions);
    },
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** What SQS answers to SendMessage. */
export function acceptedMessage({ MessageBody }: Record<string, unknown>): Answer {
  const MD5OfMessageBody = createHash('md5').update(String(MessageBody)).digest('hex');
  return { members: { MessageId: randomUUID(), MD5OfMessageBody } };
}

async function text(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
