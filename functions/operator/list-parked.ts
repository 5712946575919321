import { listParked } from '../../shared/operator/agreements.ts';
import { listParked as operation } from '../../shared/operator/operations.ts';
import { handleOperation } from '../../shared/runtime/operations.ts';

export const handler = handleOperation(operation, listParked);
