import type { App } from './app.ts';

/** Those who look after the company's account. */
export const managers = ['owner', 'admin'] as const;

/** Whether the user looks after the account. Only the API decides what they may do. */
export function isManager(app: App): boolean {
  const role = app.session.claims()?.role;
  return managers.some((manager) => manager === role);
}
