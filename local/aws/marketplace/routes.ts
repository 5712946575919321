import * as z from 'zod/mini';
import { bodyOf, ConsoleError, type ConsoleRoute } from '../../console/routes.ts';
import { jsonResponse } from '../../runtime/http.ts';
import { AgreementError, ChangeRequest, changes, endings, PurchaseRequest } from './agreements.ts';
import { envelope } from './events.ts';
import { Fault, FaultsChange } from './faults.ts';
import type { Marketplace } from './marketplace.ts';
import type { Agreement } from './state.ts';

/** An event that a script makes up: of a kind that the marketplace does not send by itself. */
const EventRequest = z.strictObject({
  detail_type: z.string().check(z.minLength(1), z.maxLength(128)),
  agreement_id: z.optional(z.string().check(z.maxLength(64))),
  detail: z._default(z.record(z.string(), z.unknown()), {}),
});

/**
 * What scripts and the console do with the local AWS Marketplace. "Set up your account" leads to the
 * fulfilment URL, where there is one.
 */
export function marketplaceRoutes(
  marketplace: Marketplace,
  fulfilmentUrl: string | null,
): ConsoleRoute[] {
  const { agreements, notices, faults } = marketplace;
  const find = (id: string | undefined): Agreement => {
    const agreement = agreements.find(id ?? '');
    if (!agreement) throw new ConsoleError(404, 'not_found', 'There is no such agreement.');
    return agreement;
  };
  return [
    [
      /^\/marketplace\/listing$/,
      {
        GET: () =>
          jsonResponse(200, { fulfilment_url: fulfilmentUrl, products: agreements.products }),
      },
    ],
    [
      /^\/marketplace\/purchases$/,
      {
        GET: () => jsonResponse(200, agreements.all().map(purchaseOf)),
        POST: async ({ request }) => {
          const body = bodyOf(request, PurchaseRequest);
          const bought = refusing(() => marketplace.purchase(body));
          await notices.run();
          const { token, license_arn, account_id, agreement_id, product_code } = bought;
          return jsonResponse(201, { token, license_arn, account_id, agreement_id, product_code });
        },
      },
    ],
    [
      /^\/marketplace\/purchases\/(l-[0-9a-f]{32})\/tokens$/,
      {
        POST: ({ parameters: [licenseId = ''] }) => {
          const issued = marketplace.setUpAgain(licenseId);
          if (!issued) throw new ConsoleError(404, 'not_found', 'There is no such purchase.');
          return jsonResponse(201, issued);
        },
      },
    ],
    [/^\/marketplace\/agreements$/, { GET: () => jsonResponse(200, agreements.all()) }],
    [
      /^\/marketplace\/agreements\/([\w-]+)$/,
      { GET: ({ parameters: [id] }) => jsonResponse(200, find(id)) },
    ],
    [
      new RegExp(`^/marketplace/agreements/([\\w-]+)/(${[...changes, ...endings].join('|')})$`),
      {
        POST: async ({ request, parameters: [id, action] }) => {
          const agreement = find(id);
          const change = changes.find((each) => each === action);
          const ending = endings.find((each) => each === action);
          const body = bodyOf(request, change ? ChangeRequest : z.strictObject({}));
          const inForce = refusing(() => {
            if (change) return agreements.change(agreement, change, body);
            if (ending) agreements.end(agreement, ending);
            return agreement;
          });
          await notices.run();
          return jsonResponse(inForce === agreement ? 200 : 201, inForce);
        },
      },
    ],
    [/^\/marketplace\/metering$/, { GET: () => jsonResponse(200, marketplace.metered) }],
    [
      /^\/marketplace\/events$/,
      {
        GET: () => jsonResponse(200, notices.inOrder()),
        POST: async ({ request }) => {
          const { detail_type, agreement_id, detail } = bodyOf(request, EventRequest);
          const agreement = agreement_id === undefined ? null : find(agreement_id);
          const event = envelope(detail_type, agreement_id ?? null, detail, Date.now());
          const record = notices.add(
            { channel: 'event-bridge', event },
            detail_type,
            agreement,
            Date.now(),
          );
          await notices.run();
          return jsonResponse(201, record);
        },
      },
    ],
    [
      /^\/marketplace\/events\/([\w-]+)\/replay$/,
      {
        POST: async ({ parameters: [id = ''] }) => {
          const record = await notices.replay(id);
          if (!record) throw new ConsoleError(404, 'not_found', 'There is no such event.');
          return jsonResponse(200, record);
        },
      },
    ],
    [
      /^\/faults$/,
      {
        GET: () => jsonResponse(200, faults.state()),
        POST: ({ request }) => {
          faults.change(bodyOf(request, FaultsChange));
          return jsonResponse(200, faults.state());
        },
      },
    ],
    [
      /^\/marketplace\/faults$/,
      {
        GET: () => jsonResponse(200, faults.of('ResolveCustomer')),
        PUT: ({ request }) => {
          faults.change({ apis: { ResolveCustomer: bodyOf(request, Fault) } });
          return jsonResponse(200, faults.of('ResolveCustomer'));
        },
      },
    ],
  ];
}

function refusing<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof AgreementError)) throw error;
    throw new ConsoleError(409, 'conflict', error.message);
  }
}

const purchaseOf = ({
  account_id,
  license_arn,
  agreement_id,
  product_code,
  offer_type,
  purchased_at,
}: Agreement) => ({
  account_id,
  license_arn,
  agreement_id,
  product_code,
  offer_type,
  purchased_at,
});
