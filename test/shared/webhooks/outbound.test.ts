import { createSocket } from 'node:dgram';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import ipaddr from 'ipaddr.js';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Receiver, startReceiver } from '../../../harness/webhooks/receiver.ts';
import { ConnectionError, postOut } from '../../../shared/webhooks/outbound.ts';
import {
  isPublicAddress,
  parseReceiverUrl,
  RefusedAddressError,
  type Resolve,
  resolveByDns,
} from '../../../shared/webhooks/public-addresses.ts';

let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
});
const sockets = new Set<Socket>();
const servers = new Set<{ close(): void }>();
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
  servers.clear();
});

/** A server that speaks as a test wants, below HTTP. Returns its port. */
async function tcpServer(speak: (socket: Socket) => void): Promise<number> {
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    speak(socket);
  });
  servers.add(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** A DNS server that knows the same addresses for every name. Returns it as resolvers take it. */
async function dnsServer(addresses: { A: string[]; AAAA: string[] }): Promise<string[]> {
  const server = createSocket('udp4', (query, from) => {
    const questionEnd = query.indexOf(0, 12) + 5;
    const isA = query.readUInt16BE(questionEnd - 4) === 1;
    const answers = (isA ? addresses.A : addresses.AAAA).map((address) => {
      const bytes = Buffer.from(ipaddr.parse(address).toByteArray());
      const head = Buffer.from('c00c0000000100000000003c', 'hex').fill(0, 10);
      head.writeUInt16BE(isA ? 1 : 28, 2);
      head.writeUInt16BE(bytes.length, 10);
      return Buffer.concat([head, bytes]);
    });
    const header = Buffer.from('000081800001000000000000', 'hex');
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(answers.length, 6);
    server.send(Buffer.concat([header, query.subarray(12, questionEnd), ...answers]), from.port);
  });
  servers.add(server);
  await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve));
  return [`127.0.0.1:${server.address().port}`];
}

beforeEach(() => {
  receiver.received.splice(0);
  receiver.answer = { status: 200, body: 'thanks' };
});
afterAll(() => receiver.stop());

const port = () => new URL(receiver.url).port;
const resolveTo =
  (...addresses: string[]): Resolve =>
  async () =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
const post = (
  url: string,
  options: { allowPrivate?: boolean; resolve?: Resolve; timeoutMs?: number } = {},
) =>
  postOut({
    url: new URL(url),
    headers: { 'content-type': 'application/json' },
    body: '{}',
    timeoutMs: 2000,
    maxBodyBytes: 1024,
    allowPrivate: false,
    ...options,
  });

describe('an address (check 72)', () => {
  it.each([
    '127.0.0.1',
    '127.255.255.254',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '100.127.255.255',
    '0.0.0.0',
    '224.0.0.1',
    '239.255.255.255',
    '240.0.0.1',
    '255.255.255.255',
    '192.0.0.8',
    '192.0.2.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:169.254.169.254',
    '::ffff:a9fe:a9fe',
    '::127.0.0.1',
    '64:ff9b::169.254.169.254',
    '64:ff9b:1::1',
    '2002:7f00:1::',
    '2001::1',
    '2001:db8::1',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    'localhost',
    '',
  ])('%s is not public', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });

  it.each(['8.8.8.8', '1.1.1.1', '93.184.215.14', '2606:4700:4700::1111', '::ffff:8.8.8.8'])(
    '%s is public',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );
});

describe('the URL of a receiver (check 72)', () => {
  const rules = { allowPrivate: false, resolve: resolveTo('93.184.215.14') };

  it.each([
    'http://example.com/',
    'ftp://example.com/',
    'javascript:alert(1)',
    'https://localhost/',
    'https://LOCALHOST./',
    'https://localhost../',
    'https://127.0.0.1./',
    'https://127.0.0.1../',
    'https://8.8.8.8../',
    'https://example..com/',
    'https://.example.com/',
    'https://example.com../',
    'https://example.com:80/',
    'https://example.com:22/',
    'https://93.184.215.14:6379/',
    'https://api.localhost/',
    'https://metadata.google.internal/',
    'https://printer.local/',
    'https://intranet/',
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://0x7f000001/',
    'https://0177.0.0.1/',
    'https://127.1/',
    'https://134744072/',
    'https://0x8.8.8.8/',
    'https://134744072/?8.8.8.8',
    'https://169.254.169.254/latest/meta-data/',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:7f00:1]/',
    'https://[fd00:ec2::254]/',
    'https://１２７.０.０.１/',
    'https://user@example.com/',
    'https://user:password@example.com/',
    'https://example.com/#fragment',
    'https:///',
    'https://exa mple.com/',
    '//example.com/',
    '',
  ])('may not be %s', async (url) => {
    await expect(parseReceiverUrl(url, rules)).rejects.toThrow(RefusedAddressError);
  });

  it.each([
    'https://example.com/hook',
    'https://example.com./hook',
    'https://example.com:443/',
    'https://hooks.example.com:8443/a?b=c',
    'https://93.184.215.14/',
    'https://[2606:4700:4700::1111]/',
    'https://xn--bcher-kva.example/',
  ])('may be %s', async (url) => {
    expect((await parseReceiverUrl(url, rules)).protocol).toBe('https:');
  });

  it.each([[['127.0.0.1']], [['93.184.215.14', '10.0.0.1']], [['::1']]])(
    'may not have a name that leads to %s',
    async (addresses) => {
      const resolve = resolveTo(...addresses);

      await expect(parseReceiverUrl('https://example.com/', { ...rules, resolve })).rejects.toThrow(
        /public internet/,
      );
    },
  );

  it('may have a name that nobody knows yet, for it is looked at again at every connection', async () => {
    const resolve = () => Promise.reject(new Error('ENOTFOUND'));

    expect((await parseReceiverUrl('https://example.com/', { ...rules, resolve })).host).toBe(
      'example.com',
    );
  });

  it('may have a name that nobody knows within two seconds, as if nobody knew it', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const resolve: Resolve = () => new Promise(() => undefined);

    const parsed = parseReceiverUrl('https://slow.example.com/', { ...rules, resolve });
    await vi.advanceTimersByTimeAsync(2000);
    vi.useRealTimers();

    expect((await parsed).host).toBe('slow.example.com');
  });

  it('may be private and http only where a setting says so', async () => {
    const url = await parseReceiverUrl('http://127.0.0.1:8080/', { allowPrivate: true });

    expect(url.port).toBe('8080');
  });
});

describe('the DNS', () => {
  it('is asked for both kinds of addresses of a name, and has IPv4 first', async () => {
    const servers = await dnsServer({ A: ['93.184.215.14', '8.8.8.8'], AAAA: ['2606:4700::1'] });

    expect(await resolveByDns('hooks.example.com', servers)).toEqual([
      { address: '93.184.215.14', family: 4 },
      { address: '8.8.8.8', family: 4 },
      { address: '2606:4700::1', family: 6 },
    ]);
  });

  it('may know addresses of one kind only', async () => {
    const servers = await dnsServer({ A: [], AAAA: ['2606:4700::1'] });

    expect(await resolveByDns('six.example.com', servers)).toEqual([
      { address: '2606:4700::1', family: 6 },
    ]);
  });

  it('is an error when it knows none', async () => {
    const servers = await dnsServer({ A: [], AAAA: [] });

    await expect(resolveByDns('none.example.com', servers)).rejects.toMatchObject({
      code: 'ENODATA',
    });
  });
});

describe('a connection (check 72)', () => {
  it('is refused when a name leads elsewhere than when it was saved (DNS rebinding)', async () => {
    const answers = ['93.184.215.14', '127.0.0.1'];
    const resolve: Resolve = async () => [{ address: answers.shift() ?? '127.0.0.1', family: 4 }];
    await parseReceiverUrl('https://rebind.example.com/', { allowPrivate: false, resolve });

    await expect(post(`http://rebind.example.com:${port()}/`, { resolve })).rejects.toMatchObject({
      reason: 'address_refused',
    });
    expect(receiver.received).toEqual([]);
  });

  it('is refused when any address of the name is private', async () => {
    const resolve = resolveTo('93.184.215.14', '127.0.0.1');

    await expect(post(`http://mixed.example.com:${port()}/`, { resolve })).rejects.toMatchObject({
      reason: 'address_refused',
    });
  });

  it('goes to the address that was checked: the name is resolved once', async () => {
    let asked = 0;
    const resolve: Resolve = async () => {
      asked += 1;
      return [{ address: '127.0.0.1', family: 4 }];
    };

    const answer = await post(`http://pinned.example.com:${port()}/`, {
      allowPrivate: true,
      resolve,
    });

    expect(answer).toEqual({ status: 200, retryAfter: undefined, body: 'thanks' });
    expect(asked).toBe(1);
    expect(receiver.received[0]?.headers.host).toBe(`pinned.example.com:${port()}`);
  });

  it.each(['127.0.0.1', '[::1]', '[::ffff:127.0.0.1]', '169.254.169.254'])(
    'to the address %s itself is refused, though no name is resolved',
    async (host) => {
      await expect(post(`http://${host}:${port()}/`)).rejects.toMatchObject({
        reason: 'address_refused',
      });
      expect(receiver.received).toEqual([]);
    },
  );

  it('follows no redirect', async () => {
    receiver.answer = { status: 302, headers: { location: receiver.url } };

    const answer = await post(receiver.url, { allowPrivate: true });

    expect(answer.status).toBe(302);
    expect(receiver.received).toHaveLength(1);
  });

  it('is given up when nobody answers in time', async () => {
    receiver.answer = { status: 200, hangs: true };

    await expect(post(receiver.url, { allowPrivate: true, timeoutMs: 50 })).rejects.toMatchObject({
      reason: 'timeout',
    });
  });

  it('that is to become another protocol is answered by that, and given up', async () => {
    const port = await tcpServer((socket) => {
      socket.once('data', () =>
        socket.write(
          'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
        ),
      );
    });

    const answer = await post(`http://127.0.0.1:${port}/`, { allowPrivate: true });

    expect(answer).toEqual({ status: 101, retryAfter: undefined, body: '' });
  });

  it.each([
    ['a TLS alert', 'https', Buffer.from('15030300020250', 'hex')],
    ['no TLS at all', 'https', Buffer.from('hello')],
    ['something that is not HTTP', 'http', Buffer.from('hello\r\n\r\n')],
    ['nothing', 'http', Buffer.alloc(0)],
  ])('that ends with %s has failed', async (_, protocol, bytes) => {
    const port = await tcpServer((socket) => socket.once('data', () => socket.end(bytes)));

    const answer = post(`${protocol}://127.0.0.1:${port}/`, { allowPrivate: true });

    await expect(answer).rejects.toThrow(ConnectionError);
    await expect(answer).rejects.toMatchObject({ reason: 'connection_failed' });
  });

  it('whose name takes too long is given up', async () => {
    const resolve: Resolve = () => new Promise(() => undefined);

    await expect(
      post('http://slow.example.com/', { resolve, timeoutMs: 50 }),
    ).rejects.toMatchObject({ reason: 'timeout' });
  });

  it('with a status has an answer, though its body stalls', async () => {
    const port = await tcpServer((socket) => {
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nha'));
    });

    const answer = await post(`http://127.0.0.1:${port}/`, { allowPrivate: true, timeoutMs: 50 });

    expect(answer).toEqual({ status: 200, retryAfter: undefined, body: 'ha' });
  });

  it('ends after the first bytes of an answer that never ends', async () => {
    const server = createServer((_, response) => {
      response.writeHead(200);
      const pour = () => {
        while (!response.destroyed && response.write('x'.repeat(1000)));
      };
      response.on('drain', pour);
      pour();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const endless = typeof address === 'object' ? address?.port : 0;

    const { body } = await post(`http://127.0.0.1:${endless}/`, { allowPrivate: true });

    expect(body).toBe('x'.repeat(1024));
    server.closeAllConnections();
    server.close();
  });
});
