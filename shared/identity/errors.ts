import type { ErrorKind } from '../contract/errors.ts';

export const invalidCredentials: ErrorKind = {
  code: 'invalid_credentials',
  status: 401,
  title: 'Invalid credentials',
  detail: 'The email or the password is wrong.',
};

export const invalidRefreshToken: ErrorKind = {
  code: 'invalid_refresh_token',
  status: 401,
  title: 'Invalid refresh token',
  detail: 'The refresh token is unknown, spent, revoked or expired. Sign in again.',
};

export const emailTaken: ErrorKind = {
  code: 'email_taken',
  status: 409,
  title: 'Email already registered',
  detail: 'An account with this email exists. Sign in instead.',
};
