import type { Setting } from '../contract/settings.ts';

export const limitsMultiplier: Setting = {
  variable: 'LIMITS_MULTIPLIER',
  description: 'Scales every limit of the product; above 0',
  value: {
    parameter: () => ({
      default: '1',
      allowedPattern: '[1-9][0-9]*([.][0-9]+)?|0[.][0-9]*[1-9][0-9]*',
    }),
  },
};
