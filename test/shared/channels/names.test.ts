import { describe, expect, it } from 'vitest';
import { ChannelName } from '../../../shared/channels/names.ts';

describe('the seller marketplaces', () => {
  it('keep their places, by which stored products name them', () => {
    expect(ChannelName.options.slice(0, 2)).toEqual(['wildberries', 'ozon']);
  });
});
