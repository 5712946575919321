import type { Endpoint, Role } from '../../shared/contract/endpoint.ts';
import type { App } from './app.ts';

/** Whether the user has one of the roles; without roles it is for everyone. */
export function hasRole(app: App, roles: readonly Role[] | undefined): boolean {
  const role = app.session.claims()?.role;
  return !roles || (role !== undefined && roles.includes(role));
}

/** Whether the user's role may call an endpoint. Only the API decides what they may do. */
export function mayCall(app: App, { access }: Pick<Endpoint, 'access'>): boolean {
  return hasRole(app, access.kind === 'bearer' ? access.roles : undefined);
}
