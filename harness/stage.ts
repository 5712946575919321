import type { Endpoint } from '../shared/contract/endpoint.ts';
import { type Authorized, newSuffix, pathOf, type Stage } from './tenant.ts';
import { type Answered, randomAddress, type Sent, type World } from './world.ts';

/** The world as a place that samples are sent to. */
export const stageOf = (world: World): Stage => ({
  send: (endpoint, request) => sendTo(world, endpoint, request),
  purchase: () => {
    const token = newSuffix();
    world.purchases.set(token, {
      CustomerAWSAccountId: '111122223333',
      ProductCode: 'tenantry-demo',
      LicenseArn: `arn:aws:license-manager::294406891311:license:l-${token}`,
    });
    return token;
  },
  get handles() {
    return world.handles;
  },
});

/** Sends a request to an endpoint, from an address that nothing else came from; `more` changes it. */
export function sendTo<T = unknown>(
  world: World,
  endpoint: Endpoint,
  { path, query, ...request }: Authorized,
  more: Sent = {},
): Promise<Answered<T>> {
  return world.send<T>(endpoint.method, pathOf(endpoint, path), {
    ...request,
    ...(query !== undefined && { query: query as Record<string, string> }),
    address: randomAddress(),
    ...more,
    headers: { Accept: 'application/json', ...more.headers },
  });
}
