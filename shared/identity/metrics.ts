import { defineMetric } from '../contract/metrics.ts';

export const signInRefused = defineMetric({
  name: 'SignInRefused',
  kind: 'count',
  dimensions: {},
  description: 'Sign-ins with a wrong email or password',
});

export const refreshTokenReused = defineMetric({
  name: 'RefreshTokenReused',
  kind: 'count',
  dimensions: {},
  description: 'Refresh tokens that came a second time, which ended their session',
});
