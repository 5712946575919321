import { App, Tags, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import type { Endpoint } from '../shared/contract/endpoint.ts';
import { endpointsOf } from '../shared/contract/endpoints.ts';
import { ApiStack } from './api-stack.ts';
import { bundle, functionsFolder, webFolder } from './bundle.ts';
import { DataStack } from './data-stack.ts';
import { parseStage, type Stage } from './stage.ts';
import { WebStack } from './web-stack.ts';

export interface BuildOptions {
  readonly stage: Stage;
  /** Where the cloud assembly goes; the CDK CLI says so itself. */
  readonly outdir?: string;
  readonly endpoints?: readonly Endpoint[];
  /** Folder with one bundle per function. */
  readonly bundles?: string;
  /** Folder of the built web app. */
  readonly web?: string;
  readonly alarmEmail?: string | undefined;
  readonly domain?: { readonly name: string; readonly certificateArn: string } | undefined;
}

/** All stacks of a stage, in the order in which they deploy. The bundles must exist already. */
export function buildApp(options: BuildOptions): App {
  const { stage, outdir, endpoints = endpointsOf(stage) } = options;
  const { bundles = functionsFolder, web = webFolder } = options;
  const app = new App({
    ...(outdir && { outdir }),
    context: assemblyContext,
    analyticsReporting: false,
  });

  const data = new DataStack(app, `Tenantry-${stage}-Data`, {
    stage,
    bundles,
    alarmEmail: options.alarmEmail,
    description: 'Tenantry: table, keys, secrets, alarms',
  });
  const api = new ApiStack(app, `Tenantry-${stage}-Api`, {
    stage,
    endpoints,
    bundles,
    data,
    description: 'Tenantry: functions and REST API',
  });
  new WebStack(app, `Tenantry-${stage}-Web`, {
    endpoints,
    web,
    api,
    originSecret: data.originVerify.secretValue,
    domain: options.domain,
    description: 'Tenantry: web app and CDN',
  });
  Tags.of(app).add('tenantry:stage', stage);
  return app;
}

/** Lets tools find a function's code and its name in the template, whoever synthesized it. */
const assemblyContext = {
  'aws:cdk:enable-asset-metadata': true,
  'aws:cdk:enable-path-metadata': true,
};

/** Makes synthesis fail on whatever cdk-nag finds and nobody has given a reason for. */
export function addChecks(app: App): void {
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
}

/** The domain of the context, whole or not at all. */
function domainOf(name: unknown, certificateArn: unknown): BuildOptions['domain'] {
  if (name === undefined && certificateArn === undefined) return undefined;
  if (typeof name !== 'string' || typeof certificateArn !== 'string') {
    throw new Error('A domain needs both: -c domainName=… -c certificateArn=… (in us-east-1)');
  }
  return { name, certificateArn };
}

if (import.meta.main) {
  const context = new App().node;
  const alarmEmail: unknown = context.tryGetContext('alarmEmail');
  const options = {
    stage: parseStage(context.tryGetContext('stage') ?? 'dev'),
    alarmEmail: alarmEmail === undefined ? undefined : String(alarmEmail),
    domain: domainOf(context.tryGetContext('domainName'), context.tryGetContext('certificateArn')),
  };
  await bundle();
  const app = buildApp(options);
  addChecks(app);
  app.synth();
}
