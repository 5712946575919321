import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { App } from 'aws-cdk-lib';
import { buildApp, type StackOptions } from '../../infra/app.ts';
import { functionIds } from '../../infra/bundle.ts';

export interface Resource {
  Type: string;
  // biome-ignore lint/suspicious/noExplicitAny: templates are data without types; tests assert their shapes.
  Properties: any;
  DependsOn?: string[];
  Metadata?: Record<string, unknown>;
  DeletionPolicy?: string;
}

export interface Template {
  Resources: Record<string, Resource>;
  Parameters?: Record<
    string,
    { Default?: string; AllowedPattern?: string; AllowedValues?: string[]; MinLength?: number }
  >;
  Rules?: Record<string, unknown>;
  Outputs?: Record<string, { Value: { Ref?: string } }>;
}

export interface Templates {
  data: Template;
  api: Template;
  web: Template;
}

const workspace = mkdtempSync(join(tmpdir(), 'tenantry-infra-'));
const bundles = join(workspace, 'functions');
const web = join(workspace, 'web');

/** Something to deploy for each id: what the templates say does not depend on the code. */
function writeBundles(ids: readonly string[]): void {
  for (const id of ids) {
    mkdirSync(join(bundles, id), { recursive: true });
    writeFileSync(
      join(bundles, id, 'index.js'),
      `exports.handler = async () => ${JSON.stringify(id)};\n`,
    );
  }
  mkdirSync(web, { recursive: true });
  writeFileSync(join(web, 'index.html'), '<!doctype html><title>Site</title>');
}

let assemblies = 0;

/** An app as `npm run synth` builds it, over fakes of the bundles; `isValidated` as of buildApp. */
export function build(options: StackOptions, { isValidated = true } = {}): App {
  const { endpoints = [], workers = [] } = options;
  writeBundles([...functionIds(), ...[...endpoints, ...workers].map(({ id }) => id)]);
  assemblies += 1;
  const outdir = join(workspace, `cdk.out.${assemblies}`);
  return buildApp({ bundles, web, outdir, isValidated, ...options });
}

const byStage = new Map<string, Templates>();

/**
 * The templates of a stage; those without other options are made once. CloudFormation's rules are
 * checked by nag.test.ts, for every stage and context.
 */
export function synthesize(options: StackOptions): Templates {
  const isPlain = Object.keys(options).length === 1;
  const made = byStage.get(options.stage);
  if (isPlain && made) return made;

  const { directory } = build(options, { isValidated: false }).synth();
  const read = (stack: string): Template =>
    JSON.parse(
      readFileSync(join(directory, `Tenantry-${options.stage}-${stack}.template.json`), 'utf8'),
    );
  const templates = { data: read('Data'), api: read('Api'), web: read('Web') };
  if (isPlain) byStage.set(options.stage, templates);
  return templates;
}

/** Resources of a type, by logical id. */
export function resourcesOf(template: Template, type: string): [id: string, resource: Resource][] {
  return Object.entries(template.Resources).filter(([, resource]) => resource.Type === type);
}

/** The only resource of a type. */
export function onlyResource(template: Template, type: string): Resource {
  const [found, ...others] = resourcesOf(template, type);
  if (!found || others.length > 0)
    throw new Error(`Expected one ${type}, found ${others.length + (found ? 1 : 0)}`);
  return found[1];
}
