import { showLicense } from '../../shared/operator/agreements.ts';
import { showLicense as operation } from '../../shared/operator/operations.ts';
import { handleOperation } from '../../shared/runtime/operations.ts';

export const handler = handleOperation(operation, ({ license }) => showLicense(license));
