import { describe, expect, it } from 'vitest';
import { detections } from '../../../shared/detections/feature.ts';
import { packagesUsedBy } from '../packages.ts';
import { synthesize } from '../templates.ts';

it('of the endpoints of detections, only the export streams', () => {
  const streaming = detections.endpoints?.filter(({ streams }) => streams);

  expect(streaming?.map(({ id }) => id)).toEqual(['detections/export']);
});

it('the list gets the settings it reads and no others', () => {
  const { api } = synthesize({ stage: 'prod' });

  expect(
    Object.keys(api.Resources.DetectionsList?.Properties.Environment.Variables).sort(),
  ).toEqual([
    'POWERTOOLS_LOG_LEVEL',
    'POWERTOOLS_METRICS_NAMESPACE',
    'POWERTOOLS_SERVICE_NAME',
    'SEALING_KEY_SECRET',
    'TABLE_NAME',
  ]);
});

describe('the bundle of ingest', () => {
  it('has the client of the queue that it sends to, and no other', async () => {
    const clients = /^(ipaddr\.js|jose|aws4fetch|@aws-sdk\/client-(sqs|kms))$/;
    const used = await packagesUsedBy('detections/ingest');

    expect(used.filter((name) => clients.test(name))).toEqual(['@aws-sdk/client-sqs']);
  }, 30_000);
});
