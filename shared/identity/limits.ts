import type { Limit } from '../contract/limits.ts';

/** An account's attempts from one address: beyond it the account is locked for that address. */
export const loginPerAccountAndAddress: Limit = {
  name: 'login.account_address',
  quota: 10,
  windowSeconds: 900,
};
/** An account's refused attempts from everywhere: beyond it, only addresses it knows may sign in. */
export const loginPerAccount: Limit = { name: 'login.account', quota: 100, windowSeconds: 900 };
export const loginPerAddress: Limit = { name: 'login.address', quota: 60, windowSeconds: 300 };
/** Refused attempts at all accounts of a tenant; the same holds beyond it. */
export const loginPerTenant: Limit = { name: 'login.tenant', quota: 600, windowSeconds: 300 };
export const registerPerAddress: Limit = {
  name: 'register.address',
  quota: 20,
  windowSeconds: 3600,
};
/** Sign-ups with one email from one address, so that one caller cannot use up the quota of another. */
export const registerPerAccount: Limit = {
  name: 'register.account',
  quota: 10,
  windowSeconds: 3600,
};
export const registerPerTenant: Limit = { name: 'register.tenant', quota: 20, windowSeconds: 3600 };
export const refreshPerAccount: Limit = { name: 'refresh.account', quota: 120, windowSeconds: 900 };
export const refreshPerAddress: Limit = { name: 'refresh.address', quota: 600, windowSeconds: 900 };
export const refreshPerTenant: Limit = { name: 'refresh.tenant', quota: 6000, windowSeconds: 900 };
