import { describe, expect, it } from 'vitest';
import { toEvent } from '../../../harness/world.ts';
import { clientOf, prefersHtml } from '../../../shared/http/client.ts';
import { escapeHtml } from '../../../shared/http/page.ts';

const eventWith = (headers: Record<string, string>) =>
  toEvent({ method: 'GET' }, '/', '/', {}, { headers });

describe('a caller', () => {
  it.each([
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', true],
    ['text/html', true],
    ['text/html, application/json', true],
    ['application/json, text/html', false],
    ['application/json', false],
    ['*/*', false],
    ['', false],
  ])('that accepts "%s" is a browser: %s', (Accept, isBrowser) => {
    expect(prefersHtml(eventWith({ Accept }))).toBe(isBrowser);
    expect(prefersHtml(eventWith({ accept: Accept }))).toBe(isBrowser);
  });

  it('is where CloudFront saw it, never where it says it is (check 51)', () => {
    const event = eventWith({
      'X-Forwarded-For': '198.51.100.99',
      Forwarded: 'for=198.51.100.99',
      'X-Real-IP': '198.51.100.99',
    });

    expect(clientOf(event).address).toBe('198.51.100.7');
    delete event.headers['x-viewer-address'];
    expect(clientOf(event).address).toBe('192.0.2.1');
  });

  it('has an agent of at most 256 characters', () => {
    expect(clientOf(eventWith({ 'User-Agent': 'x'.repeat(300) })).userAgent).toHaveLength(256);
    expect(clientOf(eventWith({})).userAgent).toBeUndefined();
  });
});

describe('text in a page', () => {
  it('cannot become markup', () => {
    expect(escapeHtml(`<a href="x" onclick='y'>&amp;`)).toBe(
      '&lt;a href=&quot;x&quot; onclick=&#39;y&#39;&gt;&amp;amp;',
    );
  });
});
