import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context, SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { afterAll, beforeAll } from 'vitest';
import type { Principal } from '../../local/aws/iam.ts';
import { type Mail, type MailFault, startMail } from '../../local/aws/mail.ts';
import type { EventEnvelope } from '../../local/aws/marketplace/state.ts';
import { workers } from '../../shared/contract/registry.ts';
import { underGrantsOf } from '../grants.ts';
import type { World } from '../world.ts';

const context = { awsRequestId: 'test', getRemainingTimeInMillis: () => 30_000 } as Context;
/** Whoever signs a request: what functions are granted is tested with the templates. */
const anyone: Principal = { arn: 'arn:aws:iam::000000000000:user/test', authorize: () => {} };

type Batch = (event: SQSEvent, context: Context) => Promise<SQSBatchResponse>;
const handlers = {
  'mail/send': () => import('../../functions/mail/send.ts'),
  'mail/take-feedback': () => import('../../functions/mail/take-feedback.ts'),
};

/** The post of the world: Amazon SES as one machine has it, and the functions of mail. */
export class Post {
  readonly #world: World;
  #ses: Awaited<ReturnType<typeof startMail>> | undefined;
  #dataDir: string | undefined;
  /** What SES has told of mail that came back. */
  readonly told: EventEnvelope[] = [];

  constructor(world: World) {
    this.#world = world;
  }

  async start(): Promise<void> {
    this.#dataDir = mkdtempSync(join(tmpdir(), 'tenantry-mail-'));
    this.#ses = await startMail({
      dataDir: this.#dataDir,
      identities: { principalOf: () => anyone } as never,
      verified: ['tenantry.example'],
      tell: async (event) => void this.told.push(event),
    });
    process.env.AWS_ENDPOINT_URL_SESV2 = this.#ses.url;
  }

  async stop(): Promise<void> {
    await this.#ses?.stop();
    if (this.#dataDir) rmSync(this.#dataDir, { recursive: true, force: true });
  }

  fail(error: MailFault['error'], times: number | null = null): void {
    this.#ses?.setFault({ error, times });
  }

  /** The mail that an address has, the newest last. */
  of(email: string): Mail[] {
    return (this.#ses?.mailbox() ?? []).filter(({ to }) => to.includes(email));
  }

  /** Takes the messages about mail from the queues of the world. */
  queued(): { tenant_id: string; mail_id: string; delaySeconds: number }[] {
    const found = this.#world.queuedMail.splice(0);
    return found.map(({ body, delaySeconds }) => ({ ...JSON.parse(body), delaySeconds }));
  }

  /** Lets a function take messages as one batch, under its grants. */
  async take(id: keyof typeof handlers, messages: readonly object[]): Promise<SQSBatchResponse> {
    const { handler } = (await handlers[id]()) as { handler: Batch };
    const Records = messages.map((message) => ({
      messageId: randomUUID(),
      body: JSON.stringify(message),
      attributes: {},
    }));
    const needs = workers.find((worker) => worker.id === id) ?? {};
    return underGrantsOf(id, needs, () => handler({ Records } as unknown as SQSEvent, context));
  }

  /** Sends everything that is queued. */
  async deliver(): Promise<void> {
    const messages = this.queued().map(({ tenant_id, mail_id }) => ({ tenant_id, mail_id }));
    if (messages.length > 0) await this.take('mail/send', messages);
  }

  async sweep(): Promise<void> {
    const { handler } = await import('../../functions/mail/sweep.ts');
    const needs = workers.find(({ id }) => id === 'mail/sweep') ?? {};
    await underGrantsOf('mail/sweep', needs, () => handler({}, context));
  }
}

/** Starts the post around the tests of a file. */
export function usePost(world: World): Post {
  const post = new Post(world);
  beforeAll(() => post.start());
  afterAll(() => post.stop());
  return post;
}
