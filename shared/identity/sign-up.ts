import { auditEntry } from '../audit/entry.ts';
import { AppError } from '../contract/errors.ts';
import type { Client } from '../http/client.ts';
import { mailWrites } from '../mail/outbox.ts';
import { queueMail } from '../mail/queue-mail.ts';
import { transact } from '../table/table.ts';
import { tenantExtensions } from '../tenants/extensions.ts';
import { newTenant } from '../tenants/tenants.ts';
import { signedUp } from './audit.ts';
import { emailTaken } from './errors.ts';
import { welcome } from './mails.ts';
import { newOwner } from './members.ts';
import { assertUncommonPassword } from './password-policy.ts';
import { hashPassword } from './passwords.ts';
import { newSession, type Tokens } from './sessions.ts';

interface SignUp {
  email: string;
  password: string;
  company_name: string;
  /** What features ask for. */
  [member: string]: unknown;
}

/**
 * Creates a tenant on the FREE plan with its owner and signs the owner in, all or nothing. The
 * password is hashed before the email is looked up, so both answers take the same time. Throws `email_taken`, `validation_failed` for a common password.
 */
export async function signUp(wanted: SignUp, client: Client): Promise<Tokens> {
  assertUncommonPassword(wanted.password, {
    email: wanted.email,
    companyName: wanted.company_name,
  });
  const passwordHash = await hashPassword(wanted.password);
  const { tenant, write } = newTenant({
    status: 'ACTIVE',
    plan: 'FREE',
    is_self_serve: true,
    name: wanted.company_name,
  });
  const owner = newOwner(tenant.id, wanted.email, passwordHash, client.language);
  const session = newSession(tenant.id, owner.userId, client);
  // Signed before anything is written: a failure to sign leaves no half-made account.
  const [tokens, audit] = await Promise.all([
    session.tokens('owner'),
    auditEntry(tenant.id, signedUp, {
      actor: { kind: 'user', id: owner.userId },
      subject: tenant.id,
    }),
  ]);
  const failed = await transact([
    ...owner.writes,
    write,
    session.write,
    ...mailWrites(tenant.id, welcome, {
      to: { users: [owner.userId] },
      params: {},
      once: welcome.id,
    }),
    ...tenantExtensions.flatMap(({ signUpWrites }) => signUpWrites(tenant.id, wanted)),
    ...audit,
  ]);
  if (failed) throw new AppError(emailTaken);
  await queueMail(tenant.id, welcome.id);
  return tokens;
}
