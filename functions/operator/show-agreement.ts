import { showAgreement } from '../../shared/operator/agreements.ts';
import { showAgreement as operation } from '../../shared/operator/operations.ts';
import { handleOperation } from '../../shared/runtime/operations.ts';

export const handler = handleOperation(operation, ({ agreement_id }) =>
  showAgreement(agreement_id),
);
