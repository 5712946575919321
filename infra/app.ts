import { App, Tags, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag';
import cdkJson from '../cdk.json' with { type: 'json' };
import type { BackgroundFunction } from '../shared/contract/background.ts';
import type { Endpoint } from '../shared/contract/endpoint.ts';
import { workers as allWorkers, endpointsOf } from '../shared/contract/registry.ts';
import { ApiStack } from './api-stack.ts';
import { assetsByPlace } from './assets.ts';
import { bundle, functionsFolder, webFolder } from './bundle.ts';
import { type ContextOptions, optionsOf } from './context.ts';
import { DataStack } from './data-stack.ts';
import { MarketplaceEventsStack } from './marketplace/events-stack.ts';
import type { Stage } from './stage.ts';
import { WebStack } from './web-stack.ts';

export interface StackOptions extends Omit<ContextOptions, 'stage'> {
  readonly stage: Stage;
  readonly endpoints?: readonly Endpoint[];
  readonly workers?: readonly BackgroundFunction[];
  /** Folder with one bundle per function. */
  readonly bundles?: string;
  /** Folder of the built web app. */
  readonly web?: string;
}

/** The feature flags of cdk.json also without the CLI, and what lets tools find code and names in a template. */
const assemblyContext = {
  ...cdkJson.context,
  'aws:cdk:enable-asset-metadata': true,
  'aws:cdk:enable-path-metadata': true,
};

/**
 * The app with all stacks of a stage; `outdir` gets the cloud assembly. The bundles must exist already.
 * `isValidated` is whether its synthesis checks CloudFormation's rules, which takes longer than the rest.
 */
export function buildApp({
  outdir,
  isValidated = true,
  ...options
}: StackOptions & { readonly outdir: string; readonly isValidated?: boolean }): App {
  const app = new App({
    outdir,
    context: assemblyContext,
    builtinCloudFormationValidation: isValidated,
  });
  addStacks(app, options);
  return app;
}

/**
 * The app as one machine runs it: its assembly refers to the folders of the bundles, which need only
 * exist, and CloudFormation's rules are not checked, which takes the CDK longer than all the rest.
 * Tests check them for every stage.
 */
export function buildLocalApp(folders: {
  /** Where the others are, which may be elsewhere the next time. */
  readonly root: string;
  readonly bundles: string;
  readonly web: string;
  readonly outdir: string;
}): App {
  const { root, outdir, ...assets } = folders;
  const app = new App({
    outdir,
    context: { ...assemblyContext, ...assetsByPlace(root) },
    builtinCloudFormationValidation: false,
  });
  addStacks(app, { stage: 'local', ...assets });
  return app;
}

/** The stacks of a stage, in the order in which they deploy. */
function addStacks(app: App, options: StackOptions): void {
  const {
    stage,
    endpoints = endpointsOf(stage),
    workers = allWorkers,
    bundles = functionsFolder,
    web = webFolder,
  } = options;
  const data = new DataStack(app, `Tenantry-${stage}-Data`, {
    description: 'Tenantry: table, keys, secrets, alarms',
    stage,
    bundles,
    alarmEmail: options.alarmEmail,
  });
  const api = new ApiStack(app, `Tenantry-${stage}-Api`, {
    description: 'Tenantry: functions and REST API',
    stage,
    endpoints,
    workers,
    bundles,
    data,
    sellerAccount: options.sellerAccount,
  });
  new WebStack(app, `Tenantry-${stage}-Web`, {
    description: 'Tenantry: web app and CDN',
    endpoints,
    web,
    api,
    originSecret: data.originVerify.secretValue,
    domain: options.domain,
  });
  if (options.eventBusArn !== undefined) {
    new MarketplaceEventsStack(app, `Tenantry-${stage}-MarketplaceEvents`, {
      description: 'Tenantry: sends on what AWS Marketplace tells in us-east-1',
      eventBusArn: options.eventBusArn,
      alarmEmail: options.alarmEmail,
    });
  }
  Tags.of(app).add('tenantry:stage', stage);
}

/** Makes synthesis fail on every finding of cdk-nag without a given reason. */
export function addChecks(app: App): void {
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app));
}

if (import.meta.main) {
  const app = new App({ context: assemblyContext });
  const options = readOptions(app);
  await bundle();
  addStacks(app, options);
  addChecks(app);
  app.synth();
}

function readOptions(app: App): ContextOptions {
  try {
    return optionsOf(app.node.getAllContext());
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
}
