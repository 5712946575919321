import type { MailKind } from '../contract/mails.ts';
import { welcome } from '../identity/mails.ts';
import {
  eventsParked,
  subscriptionActivated,
  subscriptionEnded,
  tenantHeld,
  trialEnding,
  welcomePending,
} from '../marketplace/mails.ts';
import { isTrialMailVoid } from '../marketplace/trial-mail.ts';

/** A mail, as the function that sends it knows it. */
export interface SentKind {
  readonly kind: MailKind;
  /** Whether what it tells is no longer so, for mail that waited. */
  readonly isVoid?: (
    tenantId: string,
    params: Readonly<Record<string, string | number>>,
  ) => Promise<boolean>;
}

/** Every mail that areas have in their manifests. */
export const sentKinds: readonly SentKind[] = [
  { kind: welcome },
  { kind: welcomePending },
  { kind: subscriptionActivated },
  { kind: subscriptionEnded },
  { kind: tenantHeld },
  { kind: trialEnding, isVoid: isTrialMailVoid },
  { kind: eventsParked },
];
