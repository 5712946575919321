import cdkJson from '../cdk.json' with { type: 'json' };
import { type DeployableStage, parseStage } from './stage.ts';

/** What `-c name=value` sets, with a value as an example. The README lists the same. */
export const contextExamples = {
  stage: 'prod',
  alarmEmail: 'ops@example.com',
  domainName: 'app.example.com',
  certificateArn: 'arn:aws:acm:us-east-1:111122223333:certificate/example',
  eventBusArn: 'arn:aws:events:eu-west-1:111122223333:event-bus/default',
  sellerAccount: '444455556666',
} as const;
type ContextName = keyof typeof contextExamples;

/** What a deployment chooses by its context. */
export interface ContextOptions {
  readonly stage: DeployableStage;
  readonly alarmEmail?: string | undefined;
  readonly domain?: { readonly name: string; readonly certificateArn: string } | undefined;
  /** Where a stack in us-east-1 sends what AWS Marketplace tells; none where all is in us-east-1. */
  readonly eventBusArn?: string | undefined;
  /** The account that sells on AWS Marketplace, where it is another: it may put events here. */
  readonly sellerAccount?: string | undefined;
}

/**
 * The options of a deployment, from all context that the CLI passes on. Throws on what makes no sense,
 * and on names that neither this app nor the CDK knows: they are mistyped.
 */
export function optionsOf(context: Readonly<Record<string, unknown>>): ContextOptions {
  const unknown = Object.keys(context).find((name) => !isOurs(name) && !isOfCdk(name));
  if (unknown !== undefined) {
    const names = Object.keys(contextExamples).join(', ');
    throw new Error(`Unknown context ${JSON.stringify(unknown)}: -c takes ${names}`);
  }
  const text = (name: ContextName) =>
    context[name] === undefined ? undefined : String(context[name]);
  const [name, certificateArn] = [text('domainName'), text('certificateArn')];
  if ((name === undefined) !== (certificateArn === undefined)) {
    throw new Error('A domain needs both: -c domainName=… -c certificateArn=… (in us-east-1)');
  }
  const [eventBusArn, sellerAccount] = [text('eventBusArn'), text('sellerAccount')];
  if (
    eventBusArn !== undefined &&
    !/^arn:aws[\w-]*:events:[\w-]+:\d{12}:event-bus\/./.test(eventBusArn)
  )
    throw new Error('eventBusArn is not the ARN of an event bus');
  if (sellerAccount !== undefined && !/^\d{12}$/.test(sellerAccount))
    throw new Error('sellerAccount is not the 12 digits of an AWS account');
  return {
    stage: parseStage(text('stage') ?? 'dev'),
    alarmEmail: text('alarmEmail'),
    domain: name && certificateArn ? { name, certificateArn } : undefined,
    eventBusArn,
    sellerAccount,
  };
}

const isOurs = (name: string): name is ContextName => Object.hasOwn(contextExamples, name);

/** Settings that the CLI keeps in the context beside feature flags and looked-up values. */
const namesOfCli = ['acknowledged-issue-numbers', 'cli-telemetry'];

/** Flags, settings of the CLI and looked-up values all carry a prefix: `@aws-cdk/…`, `aws:cdk:…`, `ami:…`. */
const isOfCdk = (name: string): boolean =>
  name.includes(':') || Object.hasOwn(cdkJson.context, name) || namesOfCli.includes(name);
