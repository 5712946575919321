/** Where features are put together. Their lines that name a feature go with it; nothing else does. */
export const compositionRoots = [
  'shared/features.ts',
  'shared/events/subscribers.ts',
  'shared/mail/kinds.ts',
  'shared/marketplace/sold-products.ts',
  'shared/tenants/extensions.ts',
  'shared/tenants/extension-members.ts',
  'web/features.ts',
];
