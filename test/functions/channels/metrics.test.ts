import { expect, it } from 'vitest';
import { channelsOf } from '../../../harness/channels/fakes.ts';
import { expectListed, recorded, unseenOf } from '../../../harness/metrics.ts';
import { useWorld } from '../../../harness/world.ts';
import { channels } from '../../../shared/channels/feature.ts';

const world = useWorld();

it('the metrics of saving credentials are those of the list, and tell no id', async () => {
  const member = await world.signUp();
  const { credentials: ozon } = channelsOf(world).ozon.createAccount({ products: 3 });

  const metrics = await recorded(() =>
    world.send('PATCH', '/api/v1/tenants/me/credentials', {
      token: member.access_token,
      body: { ozon },
    }),
  );

  expectListed(metrics, [member.tenantId, member.userId, member.sessionId, member.email]);
  expect(unseenOf([channels], metrics)).toEqual([]);
});
