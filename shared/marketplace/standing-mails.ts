import { subscriptionActivated, subscriptionEnded, tenantHeld, trialEnding } from './mails.ts';

/** The mail of everything that calls `refreshTenant`. */
export const standingMails = [subscriptionActivated, subscriptionEnded, tenantHeld, trialEnding];
