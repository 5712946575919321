/**
 * Every limit of the product: at most `quota` of something in a window of `windowSeconds`, per
 * subject. Windows are fixed and aligned to the clock. LIMITS_MULTIPLIER scales the quotas.
 */
export const limitPolicies = {
  /** An account's attempts from one address: beyond it the account is locked for that address. */
  'login.account_address': { quota: 10, windowSeconds: 900 },
  /** An account's refused attempts from everywhere: beyond it, only addresses it knows may sign in. */
  'login.account': { quota: 100, windowSeconds: 900 },
  'login.address': { quota: 60, windowSeconds: 300 },
  /** Refused attempts at all accounts of a tenant; the same holds beyond it. */
  'login.tenant': { quota: 600, windowSeconds: 300 },
  'register.address': { quota: 20, windowSeconds: 3600 },
  /** Sign-ups with one email from one address: nobody can use up those of another. */
  'register.account': { quota: 10, windowSeconds: 3600 },
  'register.tenant': { quota: 20, windowSeconds: 3600 },
  'marketplace.address': { quota: 120, windowSeconds: 3600 },
  'refresh.account': { quota: 120, windowSeconds: 900 },
  'refresh.address': { quota: 600, windowSeconds: 900 },
  'refresh.tenant': { quota: 6000, windowSeconds: 900 },
  'ingest.key': { quota: 600, windowSeconds: 60 },
  'ingest.address': { quota: 600, windowSeconds: 60 },
  'ingest.tenant': { quota: 3000, windowSeconds: 60 },
  'export.tenant': { quota: 10, windowSeconds: 3600 },
  /** Tests and replays. */
  'webhooks.tenant': { quota: 60, windowSeconds: 60 },
  /** Webhooks that are created, changed or given a new secret. */
  'webhook_changes.tenant': { quota: 120, windowSeconds: 3600 },
  'credentials.user': { quota: 10, windowSeconds: 900 },
  'credentials.tenant': { quota: 30, windowSeconds: 3600 },
  /** Claims of network interfaces: nobody can try them out by the thousand. */
  'enis.tenant': { quota: 120, windowSeconds: 3600 },
  'sync.tenant': { quota: 30, windowSeconds: 3600 },
} as const satisfies Record<string, { quota: number; windowSeconds: number }>;

export type LimitName = keyof typeof limitPolicies;
