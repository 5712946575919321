import { defineAuditKind } from '../contract/audit.ts';

export const enisClaimed = defineAuditKind({
  type: 'eni.claimed',
  description: 'Network interfaces were claimed. Data: `eni_ids`.',
});

export const eniReleased = defineAuditKind({
  type: 'eni.released',
  description: 'A network interface was given up. Subject: the interface.',
});
