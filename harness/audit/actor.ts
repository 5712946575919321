import { requestContext } from '../../shared/runtime/request-context.ts';

/** Runs domain code as a function does that no caller is known to. */
export const asSystem = <T>(work: () => T): T =>
  requestContext.run({ allowances: [], actor: { kind: 'system', id: 'test' } }, work);
