import {
  type AcceptedTerm,
  DescribeAgreementCommand,
  GetAgreementTermsCommand,
  ResourceNotFoundException,
} from '@aws-sdk/client-marketplace-agreement';
import { changes } from '../table/changes.ts';
import { tryUpdate } from '../table/table.ts';
import { agreementClient, marketplaceFailure } from './clients.ts';
import type { AgreementTerms } from './items.ts';
import { marketplaceKeys } from './keys.ts';

/**
 * Asks AWS Marketplace for what its events do not tell of an agreement: whether it begins with a free
 * trial, until when, and when it ends. Keeps the answer with the agreement. Throws
 * `marketplace_unavailable`, or `marketplace_misconfigured` with an alarm.
 */
export async function refreshTerms(agreementId: string): Promise<void> {
  const terms = await readTerms(agreementId);
  await tryUpdate({
    Key: marketplaceKeys.agreement(agreementId),
    ...changes({
      set: { terms },
      if: [
        'attribute_exists(pk) AND (attribute_not_exists(terms) OR terms.read_at <= :at)',
        { at: terms.read_at },
      ],
    }),
  });
}

async function readTerms(agreementId: string): Promise<AgreementTerms> {
  const read_at = new Date().toISOString();
  try {
    const [agreement, accepted] = await Promise.all([
      agreementClient().send(new DescribeAgreementCommand({ agreementId })),
      acceptedTerms(agreementId),
    ]);
    const trial = accepted.find((term) => term.freeTrialPricingTerm)?.freeTrialPricingTerm;
    const validity = accepted.find((term) => term.validityTerm)?.validityTerm;
    const startsAt =
      agreement.startTime ?? validity?.agreementStartDate ?? agreement.acceptanceTime;
    return {
      is_free_trial: trial !== undefined,
      trial_ends_at: (startsAt && trial?.duration && after(startsAt, trial.duration)) || null,
      ends_at: endOf(agreement.endTime ?? validity?.agreementEndDate),
      read_at,
    };
  } catch (error) {
    // There is nothing to know of it, now or later.
    if (error instanceof ResourceNotFoundException)
      return { is_free_trial: false, trial_ends_at: null, ends_at: null, read_at };
    throw marketplaceFailure(error);
  }
}

async function acceptedTerms(agreementId: string): Promise<AcceptedTerm[]> {
  const terms: AcceptedTerm[] = [];
  let nextToken: string | undefined;
  do {
    const page = await agreementClient().send(
      new GetAgreementTermsCommand({ agreementId, maxResults: 50, nextToken }),
    );
    terms.push(...(page.acceptedTerms ?? []));
    nextToken = page.nextToken;
  } while (nextToken);
  return terms;
}

/** AWS prints the year 9999 for an agreement without end. */
function endOf(date: Date | undefined): string | null {
  return date && date.getUTCFullYear() < 9999 ? date.toISOString() : null;
}

/** A moment and an ISO 8601 duration of days, weeks, months or years later; null for any other. */
function after(start: Date, duration: string): string | null {
  const match = /^P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?$/.exec(duration);
  if (!match) return null;
  const [years = 0, months = 0, weeks = 0, days = 0] = match
    .slice(1)
    .map((text) => Number(text ?? 0));
  const end = new Date(start);
  end.setUTCMonth(end.getUTCMonth() + 12 * years + months);
  end.setUTCDate(end.getUTCDate() + 7 * weeks + days);
  return end.toISOString();
}
