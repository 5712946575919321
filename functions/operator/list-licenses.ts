import { listLicenses } from '../../shared/operator/agreements.ts';
import { listLicenses as operation } from '../../shared/operator/operations.ts';
import { handleOperation } from '../../shared/runtime/operations.ts';

export const handler = handleOperation(operation, ({ account_id, ...page }) =>
  listLicenses(account_id, page),
);
