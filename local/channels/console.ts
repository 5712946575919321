import { bodyOf, ConsoleError, type ConsoleRoute } from '../console/routes.ts';
import { jsonResponse } from '../runtime/http.ts';
import { AccountChange, AccountRequest, ChannelFaults, type FakeChannel } from './fake.ts';

/** Accounts on the seller marketplaces, and the trouble that their APIs have. */
export function channelRoutes(channels: Readonly<Record<string, FakeChannel>>): ConsoleRoute[] {
  const find = (name: string | undefined) => {
    const channel = channels[name ?? ''];
    if (!channel) throw new ConsoleError(404, 'not_found', 'There is no such seller marketplace.');
    return channel;
  };
  return [
    [
      /^\/sellers\/([a-z]+)\/accounts$/,
      {
        GET: ({ parameters: [name] }) => jsonResponse(200, find(name).accounts()),
        POST: ({ request, parameters: [name] }) =>
          jsonResponse(201, find(name).createAccount(bodyOf(request, AccountRequest))),
      },
    ],
    [
      /^\/sellers\/([a-z]+)\/accounts\/([0-9a-f-]{36})$/,
      {
        PATCH: ({ request, parameters: [name, id = ''] }) => {
          const changed = find(name).changeAccount(id, bodyOf(request, AccountChange));
          if (!changed) throw new ConsoleError(404, 'not_found', 'There is no such account.');
          return jsonResponse(200, changed);
        },
      },
    ],
    [
      /^\/sellers\/([a-z]+)\/faults$/,
      {
        GET: ({ parameters: [name] }) => jsonResponse(200, find(name).faults()),
        PUT: ({ request, parameters: [name] }) => {
          find(name).setFaults(bodyOf(request, ChannelFaults));
          return jsonResponse(200, find(name).faults());
        },
      },
    ],
  ];
}
