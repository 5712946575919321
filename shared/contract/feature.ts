import type { ApiKeyScope } from '../api-keys/scopes.ts';
import type { ItemKind, KeyFamily } from '../table/family.ts';
import type { AuditKind } from './audit.ts';
import type { BackgroundFunction } from './background.ts';
import type { Bucket } from './buckets.ts';
import type { Endpoint, Needs } from './endpoint.ts';
import type { ErrorKind } from './errors.ts';
import type { EventKind } from './events.ts';
import type { IdKind } from './ids.ts';
import type { Limit } from './limits.ts';
import type { MailKind } from './mails.ts';
import type { Meter } from './meters.ts';
import type { Metric } from './metrics.ts';
import type { Operation } from './operations.ts';
import type { MessageQueue } from './queues.ts';
import type { KmsKey, Secret } from './secrets.ts';
import type { Setting } from './settings.ts';

/**
 * What an area of the product is made of: data, without code of the area itself, so that infra,
 * documents, tests and the local cloud can read it without loading an SDK. `shared/features.ts` lists all.
 */
export interface Feature {
  /** Name of its folder in every room: `shared/<id>`, `functions/<id>`, `web/<id>` … */
  readonly id: string;
  /** The core stays. A vendor takes all others out, or puts their own beside them. */
  readonly isCore?: true;
  /** Features whose code this one imports. The core is there for all. */
  readonly uses?: readonly string[];
  readonly endpoints?: readonly Endpoint[];
  readonly workers?: readonly BackgroundFunction[];
  /** What operators do with it. */
  readonly operations?: readonly Operation[];
  readonly errors?: readonly ErrorKind[];
  readonly limits?: readonly Limit[];
  readonly events?: readonly EventKind[];
  readonly auditKinds?: readonly AuditKind[];
  readonly metrics?: readonly Metric[];
  /** What it counts, for dimensions of AWS Marketplace to be sold by. */
  readonly meters?: readonly Meter[];
  /** Mail that it writes. Its line in `shared/mail/kinds.ts` gives it to the function that sends mail. */
  readonly mails?: readonly MailKind[];
  readonly settings?: readonly Setting[];
  readonly queues?: readonly MessageQueue[];
  readonly secrets?: readonly Secret[];
  readonly kmsKeys?: readonly KmsKey[];
  readonly buckets?: readonly Bucket[];
  readonly scopes?: readonly ApiKeyScope[];
  readonly ids?: readonly IdKind[];
  /** What a function that publishes events needs for this feature to hear of them. */
  readonly hearing?: Needs;
  /** What a function that writes mail needs for the outbox. */
  readonly outbox?: Needs;
  /** What a function needs whose entry says `audits`. */
  readonly auditing?: Needs;
  /** Partition keys that functions may be granted. */
  readonly families?: readonly KeyFamily[];
  /** Builders of its keys: the tenant id, where it has one, is the first argument. */
  readonly keys?: Readonly<Record<string, (...segments: never[]) => unknown>>;
  readonly items?: readonly ItemKind[];
}

/** Declares a feature. */
export const defineFeature = (feature: Feature): Feature => feature;
