import * as z from 'zod/mini';
import { AwsError, Unanswered } from '../aws.ts';
import type { Principal } from '../iam.ts';

/** The operations that can be told to fail. */
export const operations = [
  'ResolveCustomer',
  'BatchMeterUsage',
  'GetEntitlements',
  'DescribeAgreement',
  'GetAgreementTerms',
] as const;
export type Operation = (typeof operations)[number];

const errors = [
  'throttling',
  'internal_error',
  'timeout',
  'lost_answer',
  'disabled_api',
  'access_denied',
] as const;
const times = z._default(z.nullable(z.int().check(z.positive())), null);
const error = z.nullable(z.enum(errors, `is none of ${errors.join(', ')}`));

/** A fault of one operation, for the next `times` calls or until it is changed. */
export const Fault = z.strictObject({ error, times });
export type Fault = z.infer<typeof Fault>;

/** The same for BatchMeterUsage, which may leave records of a call unprocessed. */
const MeteringFault = z.strictObject({
  error: z._default(error, null),
  unprocessed: z._default(z.int().check(z.minimum(0), z.maximum(25)), 0),
  times,
});

const no = z._default(z.boolean(), false);
const maxDelaySeconds = 30 * 24 * 60 * 60;

/** What goes wrong with events, for the next `times` of them or until it is changed. */
export const EventFaults = z.strictObject({
  duplicate: no,
  reorder: no,
  drop: no,
  delay_seconds: z._default(z.number().check(z.minimum(0), z.maximum(maxDelaySeconds)), 0),
  times,
});
export type EventFaults = z.infer<typeof EventFaults>;

const change = <S extends z.core.$ZodType>(schema: S) => z.optional(z.nullable(schema));

/** A change of what goes wrong: what is not named stays, and null ends it. */
export const FaultsChange = z.strictObject({
  events: change(EventFaults),
  apis: change(
    z.strictObject({
      ResolveCustomer: change(Fault),
      BatchMeterUsage: change(MeteringFault),
      GetEntitlements: change(Fault),
      DescribeAgreement: change(Fault),
      GetAgreementTerms: change(Fault),
    }),
  ),
});
export type FaultsChange = z.infer<typeof FaultsChange>;

type ApiFault = Fault & { readonly unprocessed?: number };

/** What goes wrong now. */
export interface FaultsState {
  readonly events: EventFaults | null;
  readonly apis: Readonly<Partial<Record<Operation, ApiFault>>>;
}

/** What goes wrong on the local AWS Marketplace. */
export class Faults {
  #events: EventFaults | null = null;
  readonly #apis = new Map<Operation, ApiFault>();

  state(): FaultsState {
    return { events: this.#events, apis: Object.fromEntries(this.#apis) };
  }

  change({ events, apis }: FaultsChange): void {
    if (events !== undefined) this.#events = events;
    if (apis === null) this.#apis.clear();
    for (const operation of operations) {
      const fault = apis?.[operation];
      if (fault === undefined) continue;
      if (isNone(fault)) this.#apis.delete(operation);
      else if (fault) this.#apis.set(operation, fault);
    }
  }

  of(operation: Operation): Fault {
    const { error, times } = this.#apis.get(operation) ?? { error: null, times: null };
    return { error, times };
  }

  /** The faults of the next event, which count it. */
  nextEvent(): EventFaults | null {
    const faults = this.#events;
    if (faults?.times)
      this.#events = faults.times > 1 ? { ...faults, times: faults.times - 1 } : null;
    return faults;
  }

  /**
   * Does the work of a call, or fails as the operation is told to; `work` is told how many records it
   * leaves unprocessed. Only a lost answer fails after the work is done.
   */
  async call<T>(
    operation: Operation,
    { principal, abandoned }: { principal: Principal; abandoned: Promise<void> },
    work: (unprocessed: number) => T,
  ): Promise<T> {
    const fault = this.#apis.get(operation);
    if (!fault) return work(0);
    const { error, times: left, unprocessed = 0 } = fault;
    if (left !== null) {
      if (left > 1) this.#apis.set(operation, { ...fault, times: left - 1 });
      else this.#apis.delete(operation);
    }
    if (error === null) return work(unprocessed);
    if (error === 'timeout') await abandoned;
    if (error === 'lost_answer') work(unprocessed);
    if (error === 'timeout' || error === 'lost_answer') throw new Unanswered();
    throw errorOf(error, operation, principal.arn);
  }
}

function isNone(fault: ApiFault | null): boolean {
  return fault === null || (fault.error === null && !fault.unprocessed);
}

function errorOf(
  error: Exclude<(typeof errors)[number], 'timeout' | 'lost_answer'>,
  operation: Operation,
  principal: string,
): AwsError {
  const isAgreementApi = operation === 'DescribeAgreement' || operation === 'GetAgreementTerms';
  switch (error) {
    case 'throttling':
      return new AwsError('ThrottlingException', 'The calls to the API are throttled.');
    case 'internal_error':
      return new AwsError(
        isAgreementApi ? 'InternalServerException' : 'InternalServiceErrorException',
        'An internal error has occurred. Retry your request.',
        500,
      );
    case 'disabled_api':
      return new AwsError('DisabledApiException', 'The API is disabled in the Region.');
    case 'access_denied':
      return new AwsError(
        'AccessDeniedException',
        `User: ${principal} is not authorized to perform: aws-marketplace:${operation}`,
      );
  }
}
