import { type Stack, Validations } from 'aws-cdk-lib';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, it } from 'vitest';
import { addChecks, type StackOptions } from '../../infra/app.ts';
import { contextExamples, optionsOf } from '../../infra/context.ts';
import { deployableStages } from '../../infra/stage.ts';
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

/** What can be synthesized: the local stage, and the deployed ones with no context, each, and all. */
function everyDeployment(): [name: string, options: StackOptions][] {
  const { stage: _, domainName, certificateArn, ...rest } = contextExamples;
  const each = Object.entries(rest).map(([name, value]) => ({ [name]: value }));
  const choices = [{}, { domainName, certificateArn }, ...each];
  const contexts: Record<string, string>[] = [...choices, Object.assign({}, ...choices)];
  const deployed = deployableStages.flatMap((stage) =>
    contexts.map((chosen): [string, StackOptions] => {
      const context = { stage, ...chosen };
      const name = Object.entries(context).map(([key, value]) => `${key}=${value}`);
      return [name.join(' '), optionsOf(context)];
    }),
  );
  return [['stage=local', { stage: 'local' }], ...deployed];
}

describe('cdk-nag', () => {
  it('looks at every stage with each context', () => {
    const names = everyDeployment().map(([name]) => name);

    // Two stages, each with nothing, one of four choices, and all of them; and the local one.
    expect(names).toHaveLength(2 * 6 + 1);
    for (const name of Object.keys(contextExamples)) expect(names.join()).toContain(`${name}=`);
  });

  it.each(everyDeployment())('finds nothing in %s that has no reason given', (_, options) => {
    const app = build(options);
    addChecks(app);

    expect(() => app.synth()).not.toThrow();
  });

  it('stops a synthesis that has a finding', () => {
    const app = build({ stage: 'dev' });
    new Queue(app.node.findChild('Tenantry-dev-Data') as Stack, 'Careless');
    addChecks(app);

    expect(() => app.synth()).toThrow(/AwsSolutions-SQS4/);
  });

  it('is answered with a sentence for each finding, next to the construct and never for a whole stack', () => {
    const app = build(optionsOf(contextExamples));
    const acknowledged = acknowledgementsOf(app);

    expect(acknowledged.length).toBeGreaterThan(0);
    for (const { path, id, reason } of acknowledged) {
      expect(reason, `${path} ${id}`).toMatch(/^[A-Z].{20,}\.$/);
      expect(path.split('/').length, `${path} ${id}`).toBeGreaterThan(1);
    }
  });
});
