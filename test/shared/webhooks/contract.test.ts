import { expect, it } from 'vitest';
import * as z from 'zod/mini';
import { createWebhook } from '../../../shared/webhooks/contract.ts';

it('a webhook is described with a URL and events that come once each', () => {
  expect(z.toJSONSchema(createWebhook.body, { io: 'input' })).toMatchObject({
    properties: { events: { uniqueItems: true }, url: { format: 'uri' } },
  });
});
