import * as contract from '../../shared/tenants/contract.ts';
import { type Sample, sample } from '../samples.ts';

export const samples: readonly Sample[] = [
  sample(contract.getMyTenant),
  sample(contract.updateMyTenant),
];
