import { randomUUID } from 'node:crypto';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { randomAddress, type World } from '../world.ts';

/** An envelope as EventBridge puts it into the queue. */
export interface Envelope {
  readonly id: string;
  readonly 'detail-type': string;
  readonly [member: string]: unknown;
}

export interface Registration {
  readonly tenant_id: string;
  readonly status: string;
  readonly registration_ticket: string;
}

interface AgreementOptions {
  readonly accountId?: string;
  readonly productCode?: string;
  readonly endTime?: string;
  readonly previousAgreementId?: string;
  readonly intent?: 'NEW' | 'RENEW' | 'REPLACE';
}

const hex = (): string => randomUUID().replaceAll('-', '');

/** A purchase, what AWS Marketplace tells of it, and the buyer who registers. */
export class Agreement {
  readonly id = `agmt-${hex()}`;
  readonly licenseId = `l-${hex()}`;
  readonly licenseArn = `arn:aws:license-manager::294406891311:license:${this.licenseId}`;
  readonly accountId: string;
  readonly productCode: string;
  readonly #world: World;
  readonly #options: AgreementOptions;

  constructor(world: World, options: AgreementOptions = {}) {
    this.#world = world;
    this.#options = options;
    this.accountId = options.accountId ?? '111122223333';
    this.productCode = options.productCode ?? 'tenantry-demo';
  }

  #envelope(type: string, time: string, detail: object): Envelope {
    return {
      version: '0',
      id: randomUUID(),
      'detail-type': type,
      source: 'aws.agreement-marketplace',
      account: '993604559884',
      time,
      region: 'us-east-1',
      resources: [`arn:aws:aws-marketplace::aws:agreement:${this.id}`],
      detail: {
        requestId: randomUUID(),
        catalog: 'AWSMarketplace',
        acceptor: { accountId: this.accountId },
        proposer: { accountId: '993604559884' },
        ...detail,
      },
    };
  }

  /** An event of the agreement: the state of it, and nothing of product or license. */
  told(what: string, time: string, agreement: object = {}): Envelope {
    return this.#envelope(`${what} - Proposer`, time, {
      offer: { id: 'offer-abc' },
      agreement: { id: this.id, ...agreement },
      resaleAuthorization: { id: null },
    });
  }

  created(time = '2026-11-20T10:00:00Z'): Envelope {
    const { intent = 'NEW', previousAgreementId, endTime = '9999-01-01T00:00:00Z' } = this.#options;
    const previous = previousAgreementId && { previousAgreementId };
    const agreement = { intent, status: 'ACTIVE', startTime: time, endTime, ...previous };
    return this.told('Purchase Agreement Created', time, agreement);
  }

  ended(status: string, time = '2026-11-21T10:00:00Z'): Envelope {
    return this.told('Purchase Agreement Ended', time, { status });
  }

  #license(what: string, time: string): Envelope {
    return this.#envelope(`License ${what} - Manufacturer`, time, {
      offer: { id: 'offer-abc' },
      agreement: { id: this.id },
      license: { arn: this.licenseArn },
      product: { id: 'prod-k35yywhyj4eqg', code: this.productCode },
    });
  }

  licenseUpdated(time = '2026-11-20T10:01:00Z'): Envelope {
    return this.#license('Updated', time);
  }

  licenseDeprovisioned(time = '2026-11-21T10:00:31Z'): Envelope {
    return this.#license('Deprovisioned', time);
  }

  /** The buyer comes from AWS Marketplace. */
  async register({ offerType }: { offerType?: 'free-trial' } = {}): Promise<Registration> {
    const token = `aws-token-${randomUUID()}`;
    this.#world.purchases.set(token, {
      CustomerAWSAccountId: this.accountId,
      LicenseArn: this.licenseArn,
      ProductCode: this.productCode,
    });
    const { status, body } = await this.#world.send<Registration>('POST', '/marketplace/register', {
      body: {
        'x-amzn-marketplace-token': token,
        ...(offerType && { 'x-amzn-marketplace-offer-type': offerType }),
      },
      address: randomAddress(),
    });
    if (status !== 200) throw new Error(`Registration answered ${status}`);
    return body;
  }
}

const context = { awsRequestId: 'test', getRemainingTimeInMillis: () => 30_000 } as Context;

/** Lets the function take these messages as one batch. */
export async function deliverEvents(...messages: readonly object[]): Promise<SQSBatchResponse> {
  const { handler } = await import('../../functions/marketplace/take-events.ts');
  const Records = messages.map((message) => ({
    messageId: randomUUID(),
    body: JSON.stringify(message),
    attributes: {},
  }));
  return handler({ Records } as unknown as SQSEvent, context);
}
