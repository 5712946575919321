import { type RotationStep, rotateSigningKeys } from '../../shared/identity/key-rotation.ts';
import { logger } from '../../shared/runtime/logger.ts';

/** Secrets Manager's rotation function for the signing keys. */
export async function handler(event: RotationStep): Promise<void> {
  await rotateSigningKeys(event);
  logger.info('rotation_step', { step: event.Step });
}
