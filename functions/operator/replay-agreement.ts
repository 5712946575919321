import { replayAgreement } from '../../shared/operator/agreements.ts';
import { replayAgreement as operation } from '../../shared/operator/operations.ts';
import { handleOperation } from '../../shared/runtime/operations.ts';

export const handler = handleOperation(operation, ({ agreement_id }) =>
  replayAgreement(agreement_id),
);
