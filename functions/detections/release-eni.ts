import { releaseEni } from '../../shared/detections/enis.ts';
import { releaseEni as operation } from '../../shared/detections/operations.ts';
import { handleOperation } from '../../shared/runtime/operations.ts';

export const handler = handleOperation(operation, ({ eni_id }) => releaseEni(eni_id));
