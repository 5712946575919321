import * as contract from '../../shared/service/contract.ts';
import { type Sample, sample } from '../samples.ts';

export const samples: readonly Sample[] = [
  sample(contract.root),
  sample(contract.docs),
  sample(contract.openapi),
  sample(contract.jwks),
  sample(contract.health),
  sample(contract.live),
  sample(contract.ready),
];
