/** Name of the product as its buyers know it. A vendor puts their own here. */
export const productName = 'Tenantry';

/**
 * Where buyers reach a person: shown in the footer and on every page that can leave one stuck.
 * AWS Marketplace reviews that the registration page names it, so put a mailbox here that
 * somebody reads.
 */
export const supportEmail = 'support@example.com';
