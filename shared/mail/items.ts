import * as z from 'zod/mini';

/** Whom a mail is for: members by their ids, all members of a role, or the operator. */
export const Addressees = z.union([
  z.object({ users: z.array(z.string()) }),
  z.object({ role: z.string() }),
  z.object({ operator: z.literal(true) }),
]);
export type Addressees = z.infer<typeof Addressees>;

/**
 * A mail in the outbox. It holds no address and no text: both are made when it is sent.
 *
 * `sent`: every addressee was tried. `failed`: given up after its attempts. `off`: the deployment
 * sends no mail. `dropped`: what it tells is no longer so.
 */
export const MailItem = z.object({
  mail_id: z.string(),
  tenant_id: z.string(),
  kind: z.string(),
  to: Addressees,
  params: z.record(z.string(), z.union([z.string(), z.number()])),
  status: z.enum(['pending', 'sent', 'failed', 'off', 'dropped']),
  attempts: z.number(),
  /** Addressees who need no further attempt, by user id. */
  done: z.array(z.string()),
  created_at: z.string(),
  /** Which attempt works on it. */
  claim: z.optional(z.string()),
  claimed_until_ms: z.optional(z.number()),
});
export type MailItem = z.infer<typeof MailItem>;

/** What came back from an address. */
export const MailAddressItem = z.object({
  bounced_at: z.optional(z.string()),
  complained_at: z.optional(z.string()),
});
