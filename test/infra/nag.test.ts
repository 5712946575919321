import { type Stack, Validations } from 'aws-cdk-lib';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, it } from 'vitest';
import { addChecks } from '../../infra/app.ts';
import { build } from './templates.ts';

interface Acknowledged {
  path: string;
  id: string;
  reason: string;
}

function acknowledgementsOf(app: ReturnType<typeof build>): Acknowledged[] {
  return app.node.findAll().flatMap(({ node }) =>
    node.metadata
      .filter(({ type }) => type === Validations.ACKNOWLEDGED_RULES_METADATA_KEY)
      .flatMap(({ data }) =>
        Object.entries(data as Record<string, string>).map(([id, reason]) => ({
          path: node.path,
          id,
          reason,
        })),
      ),
  );
}

describe('cdk-nag', () => {
  it.each(['dev', 'prod'] as const)(
    'finds nothing in stage %s that nobody has given a reason for',
    (stage) => {
      const app = build({ stage });
      addChecks(app);

      expect(() => app.synth()).not.toThrow();
    },
  );

  it('stops a synthesis that has a finding', () => {
    const app = build({ stage: 'dev' });
    new Queue(app.node.findChild('Tenantry-dev-Data') as Stack, 'Careless');
    addChecks(app);

    expect(() => app.synth()).toThrow(/AwsSolutions-SQS4/);
  });

  it('is answered with a sentence for each finding, next to the construct and never for a whole stack', () => {
    const app = build({ stage: 'prod' });
    const acknowledged = acknowledgementsOf(app);

    expect(acknowledged.length).toBeGreaterThan(0);
    for (const { path, id, reason } of acknowledged) {
      expect(reason, `${path} ${id}`).toMatch(/^[A-Z].{20,}\.$/);
      expect(path.split('/').length, `${path} ${id}`).toBeGreaterThan(1);
    }
  });
});
