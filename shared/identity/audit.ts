import { defineAuditKind } from '../contract/audit.ts';

export const signedUp = defineAuditKind({
  type: 'tenant.signed_up',
  description: 'The tenant was created by a sign-up, and its owner with it. Subject: the tenant.',
});

export const signedIn = defineAuditKind({
  type: 'user.signed_in',
  description: 'A member signed in. Subject: the session.',
});

export const signInRefused = defineAuditKind({
  type: 'user.sign_in_refused',
  description:
    'A sign-in as a member was refused. Subject: the user that was named. Data: `reason` (`wrong_password`, `locked`, `no_member`).',
});

export const signedOut = defineAuditKind({
  type: 'user.signed_out',
  description:
    'A member signed out everywhere: every session of theirs has ended. Subject: the user.',
});

export const refreshTokenReused = defineAuditKind({
  type: 'session.token_reused',
  description:
    'A spent refresh token came again, and its session was ended. Subject: the session. Data: `user_id`.',
});

export const refreshRefused = defineAuditKind({
  type: 'session.refresh_refused',
  description:
    'A refresh token of an ended session was refused. Subject: the session. Data: `user_id`.',
});
