import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MarketplaceAgreementClient } from '@aws-sdk/client-marketplace-agreement';
import { MarketplaceEntitlementServiceClient } from '@aws-sdk/client-marketplace-entitlement-service';
import {
  BatchMeterUsageCommand,
  type BatchMeterUsageCommandInput,
  MarketplaceMeteringClient,
} from '@aws-sdk/client-marketplace-metering';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { type AloneMarketplace, startAlone } from '../../../../local/aws/marketplace/alone.ts';
import type { ListedProduct } from '../../../../local/aws/marketplace/products.ts';
import type { Agreement, Notice, NoticeRecord } from '../../../../local/aws/marketplace/state.ts';

export const listed: readonly ListedProduct[] = [
  {
    code: 'by-use',
    name: 'By use',
    pricing: 'usage',
    identity: 'license',
    dimensions: [
      { key: 'calls', kind: 'metered' },
      { key: 'rows', kind: 'metered' },
    ],
  },
  {
    code: 'by-contract',
    name: 'By contract',
    pricing: 'contract',
    identity: 'license',
    dimensions: [
      { key: 'seats', kind: 'entitled' },
      { key: 'support', kind: 'entitled' },
    ],
  },
  { code: 'older', name: 'Older', pricing: 'usage', identity: 'customer', dimensions: [] },
];

type Bought = { token: string; license_arn: string; agreement_id: string };

/** A local AWS Marketplace that runs alone, and its seller: who hears of events and calls the APIs. */
export class Seller {
  readonly heard: Notice[] = [];
  #alone: AloneMarketplace | undefined;
  #folder = '';

  get alone(): AloneMarketplace {
    if (!this.#alone) throw new Error('The marketplace has not been started');
    return this.#alone;
  }

  async start(): Promise<void> {
    this.#folder ||= mkdtempSync(join(tmpdir(), 'tenantry-marketplace-'));
    this.#alone = await startAlone({
      port: 0,
      dataDir: this.#folder,
      products: listed,
      send: async (notice) => void this.heard.push(notice),
      onError: (error) => console.error(error),
    });
  }

  async restart(): Promise<void> {
    await this.#alone?.stop();
    await this.start();
  }

  async stop(): Promise<void> {
    await this.#alone?.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async send<T = Record<string, unknown>>(
    method: string,
    path: string,
    body?: object,
  ): Promise<{ status: number; body: T }> {
    const response = await fetch(`${this.alone.url}/_local/${path}`, {
      method,
      ...(body && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    });
    return { status: response.status, body: (await response.json()) as T };
  }

  async buy(request: object = {}): Promise<Bought> {
    const { status, body } = await this.send<Bought>('POST', 'marketplace/purchases', request);
    if (status !== 201) throw new Error(JSON.stringify(body));
    return body;
  }

  async act(agreementId: string, action: string, body: object = {}): Promise<Agreement> {
    const path = `marketplace/agreements/${agreementId}/${action}`;
    const answer = await this.send<Agreement>('POST', path, body);
    if (answer.status >= 400) throw new Error(JSON.stringify(answer.body));
    return answer.body;
  }

  async advance(seconds: number): Promise<void> {
    const { status, body } = await this.send('POST', 'clock', { advance_seconds: seconds });
    if (status !== 200) throw new Error(JSON.stringify(body));
  }

  async listed(): Promise<NoticeRecord[]> {
    return (await this.send<NoticeRecord[]>('GET', 'marketplace/events')).body;
  }

  /** What was heard since the last call, in words: `License Updated` of some agreement. */
  news(): string[] {
    return this.heard
      .splice(0)
      .map((notice) =>
        notice.channel === 'event-bridge'
          ? notice.event['detail-type']
          : String(Reflect.get(notice.message, 'action')),
      );
  }

  readonly #options = () => ({
    endpoint: this.alone.url,
    region: 'us-east-1',
    maxAttempts: 1,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  metering = () => new MarketplaceMeteringClient(this.#options());
  entitlement = () => new MarketplaceEntitlementServiceClient(this.#options());
  agreement = () => new MarketplaceAgreementClient(this.#options());

  async meter(input: BatchMeterUsageCommandInput) {
    const client = this.metering();
    try {
      return await client.send(new BatchMeterUsageCommand(input));
    } finally {
      client.destroy();
    }
  }
}

/** A seller around the tests of a file. */
export function useSeller(): Seller {
  const seller = new Seller();
  beforeAll(() => seller.start());
  afterEach(async () => {
    await seller.send('POST', 'faults', { events: null, apis: null });
    // Nothing that a test started is heard by the next one.
    await seller.advance(3700);
    seller.heard.splice(0);
  });
  afterAll(() => seller.stop());
  return seller;
}
