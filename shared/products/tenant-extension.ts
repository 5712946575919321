import * as z from 'zod/mini';
import { ChannelName } from '../channels/names.ts';
import { create } from '../table/table.ts';
import type { TenantExtension } from '../tenants/extension.ts';
import { productKeys } from './keys.ts';

const SellsOnItem = z.object({ marketplace_type: ChannelName });

/** Where a tenant sells, in a separate item. */
export const sellsOn: TenantExtension = {
  keyOf: (tenantId) => productKeys.sellsOn(tenantId),
  membersOf: (item) => ({
    marketplace_type: item ? SellsOnItem.parse(item).marketplace_type : null,
  }),
  signUpWrites: (tenantId, { marketplace_type }) =>
    marketplace_type === undefined
      ? []
      : [create({ ...productKeys.sellsOn(tenantId), marketplace_type })],
};
