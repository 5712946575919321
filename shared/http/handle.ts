import type { APIGatewayProxyEvent } from 'aws-lambda';
import type { Access, ServedEndpoint } from '../contract/endpoint.ts';
import type { Call } from './call.ts';
import { chain } from './chain.ts';
import { readCall } from './input.ts';
import type { ReplyOf } from './reply.ts';

type Open = ServedEndpoint & { access: Extract<Access, { kind: 'public' | 'ticket' }> };

/** The Lambda handler of an endpoint that needs no sign-in. */
export function handle<E extends Open>(endpoint: E, work: (call: Call<E>) => Promise<ReplyOf<E>>) {
  return chain(endpoint, (event: APIGatewayProxyEvent) => work(readCall(endpoint, event, {})));
}
