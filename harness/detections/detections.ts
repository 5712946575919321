import { afterAll, beforeAll, beforeEach, expect, vi } from 'vitest';
import { pretendBcrypt } from '../bcrypt.ts';
import { travelTo } from '../clock.ts';
import { setPlan } from '../items.ts';
import { type Member, randomAddress, type World } from '../world.ts';

export interface Detection {
  id: string;
  ts: string;
  source_ip: string;
  label: string;
  probability: number;
  eni_id?: string;
  vni?: number;
}
interface Page {
  items: Detection[];
  next_cursor: string | null;
}
export type Plan = 'FREE' | 'STARTER' | 'PRO' | 'ENTERPRISE';
export type Query = Record<string, string>;

/** Where the clock stands: in the middle of a month, so that a test may cross into others. */
export const noon = Date.UTC(2026, 11, 15, 12);
export const at = (ms: number): string => new Date(ms).toISOString();
/** What a sensor may report. */
export const seen = { source_ip: '192.0.2.1', label: 'MALWARE', probability: 0.5 };

/** Reports and reads detections at noon, in tenants that cost nothing to make. */
export function useDetections(world: World) {
  beforeAll(() => {
    travelTo(noon);
    pretendBcrypt('not needed here');
  });
  beforeEach(() => {
    travelTo(noon);
  });
  afterAll(() => {
    vi.restoreAllMocks();
  });

  const list = (query: Query, member: Member) =>
    world.send<Page>('GET', '/api/v1/detections', { token: member.access_token, query });
  return {
    /** A new tenant for a test, and an API key of it. */
    async fresh(plan: Plan | null = 'STARTER'): Promise<{ member: Member; key: string }> {
      const member = await world.signUp();
      // Before any container has seen the tenant.
      await setPlan(member, plan);
      const { body } = await world.send<{ key: string }>('POST', '/api/v1/api-keys', {
        token: member.access_token,
        body: { name: 'sensor' },
      });
      return { member, key: body.key };
    },
    ingest: (detections: object[], apiKey: string) =>
      world.send<{ accepted: number; duplicates: number; errors?: { pointer: string }[] }>(
        'POST',
        '/api/v1/detections',
        { apiKey, body: { detections }, address: randomAddress() },
      ),
    list,
    /** Every detection that paging finds, and the size of each page. */
    async readAll(query: Query, member: Member) {
      const items: Detection[] = [];
      const sizes: number[] = [];
      for (let cursor: string | null | undefined; cursor !== null; ) {
        const { status, body } = await list({ ...query, ...(cursor && { cursor }) }, member);
        expect(status).toBe(200);
        items.push(...body.items);
        sizes.push(body.items.length);
        cursor = body.next_cursor;
        if (sizes.length > 500) throw new Error('Paging does not end');
      }
      return { items, sizes };
    },
  };
}
