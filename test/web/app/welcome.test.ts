import { describe, expect, test, vi } from 'vitest';
import { takeTicket } from '../../../web/app/welcome.ts';

function arrive(hash: string) {
  const replaceState = vi.fn();
  const location = { hash, pathname: '/welcome' } as Location;
  const history = { state: null, replaceState } as unknown as History;
  return { ticket: takeTicket(location, history), replaceState };
}

describe('takeTicket', () => {
  test('takes the ticket out of the address', () => {
    const { ticket, replaceState } = arrive('#ticket=a.b-c_d%2B1');

    expect(ticket).toBe('a.b-c_d+1');
    expect(replaceState).toHaveBeenCalledExactlyOnceWith(null, '', '/welcome');
  });

  test('takes an empty ticket for none, and out of the address too', () => {
    const { ticket, replaceState } = arrive('#ticket=');

    expect(ticket).toBeUndefined();
    expect(replaceState).toHaveBeenCalledOnce();
  });

  test.each(['', '#', '#main', '#tickets=1'])('leaves %j alone', (hash) => {
    const { ticket, replaceState } = arrive(hash);

    expect(ticket).toBeUndefined();
    expect(replaceState).not.toHaveBeenCalled();
  });
});
