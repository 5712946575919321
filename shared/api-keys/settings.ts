import type { Setting } from '../contract/settings.ts';

const scopesOf = (isWanted: (scope: { isDefault?: true }) => boolean): Setting['value'] => ({
  from: (features) =>
    features
      .flatMap(({ scopes = [] }) => scopes.filter(isWanted).map(({ name }) => name))
      .join(','),
});

export const apiKeyScopes: Setting = {
  variable: 'API_KEY_SCOPES',
  description: 'Scopes that API keys may have, separated by commas',
  value: scopesOf(() => true),
};

export const defaultApiKeyScopes: Setting = {
  variable: 'DEFAULT_API_KEY_SCOPES',
  description: 'Scopes of an API key that is created without any, separated by commas',
  value: scopesOf(({ isDefault }) => isDefault === true),
};
