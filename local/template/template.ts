import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { account, region } from '../aws/aws.ts';
import { resourceType } from '../aws/resource-types.ts';
import { isRecord } from '../runtime/json.ts';
import { PlainError } from '../runtime/plain-error.ts';

/** The synthesized template asks for something that the local runner does not know. */
export class TemplateError extends PlainError {
  constructor(where: string, what: string) {
    super(`${where}: ${what}`);
  }
}

/** A setting (a parameter of the template) has a value that the template refuses. */
export class SettingError extends PlainError {
  constructor(variable: string, what: string) {
    super(`${variable} ${what}`);
  }
}

export interface Resource {
  readonly stack: string;
  readonly logicalId: string;
  readonly type: string;
  /** Physical name, the same at every start. */
  readonly name: string;
  /** Properties with all intrinsic functions resolved. Throws {@link TemplateError}. */
  readonly properties: Readonly<Record<string, unknown>>;
  /** `stack.logicalId`, for messages. */
  readonly where: string;
  readonly ref: string;
  attribute(name: string): string;
}

interface StackTemplate {
  readonly name: string;
  readonly resources: Readonly<Record<string, RawResource>>;
  readonly parameters: Readonly<Record<string, RawParameter>>;
  readonly conditions: Readonly<Record<string, unknown>>;
  readonly mappings: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, unknown>>;
}

interface RawResource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly Condition?: string;
}

interface RawParameter {
  readonly Type: string;
  readonly Default?: string | number;
  readonly AllowedValues?: readonly (string | number)[];
  readonly AllowedPattern?: string;
  readonly MinLength?: number;
  readonly MaxLength?: number;
  readonly MinValue?: number;
  readonly MaxValue?: number;
}

/** The stacks of a cloud assembly, with the values that a deployment would give them. */
export class Template {
  /** Reads a secret for `{{resolve:secretsmanager:…}}`; set once there are secrets. */
  readSecret: (secretId: string, jsonKey: string, stage: string) => string = () => {
    throw new Error('No secret exists yet');
  };
  readonly #stacks: readonly StackTemplate[];
  readonly #environment: Readonly<Record<string, string | undefined>>;
  readonly #resources: readonly Resource[];

  constructor(
    stacks: readonly StackTemplate[],
    environment: Readonly<Record<string, string | undefined>>,
  ) {
    this.#stacks = stacks;
    this.#environment = environment;
    this.#resources = stacks.flatMap((stack) =>
      Object.entries(stack.resources)
        .filter(([, { Condition }]) => !Condition || this.#condition(stack, Condition))
        .map(([logicalId, resource]) => this.#describe(stack, logicalId, resource)),
    );
    for (const stack of stacks) {
      for (const name of Object.keys(stack.parameters)) this.#parameter(stack, name);
    }
  }

  /** All resources of a type, in the order of the stacks. */
  ofType(type: string): Resource[] {
    return this.#resources.filter((resource) => resource.type === type);
  }

  /** The resource of a type whose attribute (or `Ref`) has this value. */
  find(type: string, value: string, attribute?: string): Resource | undefined {
    return this.ofType(type).find(
      (resource) => (attribute ? resource.attribute(attribute) : resource.ref) === value,
    );
  }

  /** The value of a parameter wherever one of that name is declared. */
  parameter(name: string): string | undefined {
    const stack = this.#stacks.find((candidate) => name in candidate.parameters);
    return stack && this.#parameter(stack, name);
  }

  #describe(stack: StackTemplate, logicalId: string, raw: RawResource): Resource {
    const where = `${stack.name}.${logicalId}`;
    const known = resourceType(raw.Type);
    if (!known) {
      throw new TemplateError(
        where,
        `${raw.Type} is a type that the local runner does not know; local/aws/resource-types.ts says which it runs and which it skips`,
      );
    }
    const given = raw.Properties?.FunctionName;
    const name = typeof given === 'string' ? given : `${stack.name}-${logicalId}`;
    const resolve = () =>
      this.#resolve(stack, raw.Properties ?? {}, where) as Record<string, unknown>;
    let properties: Record<string, unknown> | undefined;
    return {
      stack: stack.name,
      logicalId,
      type: raw.Type,
      name,
      where,
      get properties() {
        properties ??= resolve();
        return properties;
      },
      get ref() {
        // A stage is the only type here whose Ref is a name that the template gives.
        if (raw.Type === 'AWS::ApiGateway::Stage') return String(this.properties.StageName);
        return known.ref?.(name) ?? name;
      },
      attribute: (attribute) => {
        const make = known.attributes?.[attribute];
        if (!make)
          throw new TemplateError(
            where,
            `Fn::GetAtt ${raw.Type}.${attribute} is not known to the local runner`,
          );
        return make(name);
      },
    };
  }

  #resolve(stack: StackTemplate, value: unknown, where: string): unknown {
    if (typeof value === 'string') return this.#dynamic(value, where);
    if (Array.isArray(value)) {
      return value
        .map((item) => this.#resolve(stack, item, where))
        .filter((item) => item !== noValue);
    }
    if (!isRecord(value)) return value;

    const [name, ...others] = Object.keys(value);
    if (name !== undefined && others.length === 0 && /^(Ref$|Fn::|Condition$)/.test(name)) {
      // A policy statement with nothing but a condition does not exist, a condition by name does.
      if (name !== 'Condition' || typeof value[name] === 'string') {
        const result = this.#intrinsic(stack, name, value[name], where);
        return typeof result === 'string' ? this.#dynamic(result, where) : result;
      }
    }
    return Object.fromEntries(
      Object.entries(value)
        .map(([key, member]) => [key, this.#resolve(stack, member, where)] as const)
        .filter(([, member]) => member !== noValue),
    );
  }

  #intrinsic(stack: StackTemplate, name: string, argument: unknown, where: string): unknown {
    const resolve = (value: unknown) => this.#resolve(stack, value, where);
    const text = (value: unknown): string => {
      const resolved = resolve(value);
      if (typeof resolved === 'string') return resolved;
      if (typeof resolved === 'number' || typeof resolved === 'boolean') return String(resolved);
      throw new TemplateError(where, `${name} needs text where the template has something else`);
    };
    const list = (value: unknown): unknown[] => {
      const resolved = resolve(value);
      if (Array.isArray(resolved)) return resolved;
      throw new TemplateError(where, `${name} needs a list where the template has something else`);
    };
    const args = Array.isArray(argument) ? (argument as unknown[]) : [];

    switch (name) {
      case 'Ref':
        return this.#ref(stack, String(argument), where);
      case 'Fn::GetAtt': {
        const path = typeof argument === 'string' ? argument.split('.') : args.map(text);
        return this.#resource(stack, path[0] ?? '', where).attribute(path.slice(1).join('.'));
      }
      case 'Fn::Join':
        return list(args[1]).map(text).join(text(args[0]));
      case 'Fn::Split':
        return text(args[1]).split(text(args[0]));
      case 'Fn::Select': {
        const item = list(args[1])[Number(text(args[0]))];
        if (item === undefined)
          throw new TemplateError(where, 'Fn::Select asks for an item that the list does not have');
        return item;
      }
      case 'Fn::Sub':
        return this.#substitute(stack, argument, where);
      case 'Fn::ImportValue':
        return this.#export(text(argument), where);
      case 'Fn::If':
        return resolve(this.#condition(stack, String(args[0])) ? args[1] : args[2]);
      case 'Fn::FindInMap': {
        const [map, top, second] = args.map(text);
        const level = (
          stack.mappings[map ?? ''] as Record<string, Record<string, unknown>> | undefined
        )?.[top ?? ''];
        if (level?.[second ?? ''] === undefined)
          throw new TemplateError(where, `Fn::FindInMap finds nothing for ${map}.${top}.${second}`);
        return level[second ?? ''];
      }
      case 'Fn::Equals':
        return text(args[0]) === text(args[1]);
      case 'Fn::And':
        return args.every((item) => resolve(item) === true);
      case 'Fn::Or':
        return args.some((item) => resolve(item) === true);
      case 'Fn::Not':
        return resolve(args[0]) !== true;
      case 'Condition':
        return this.#condition(stack, String(argument));
      default:
        throw new TemplateError(where, `the local runner does not know ${name}`);
    }
  }

  #ref(stack: StackTemplate, name: string, where: string): unknown {
    if (name.startsWith('AWS::')) return pseudoParameter(name, stack.name, where);
    if (name in stack.parameters) {
      const value = this.#parameter(stack, name);
      return /List/.test(stack.parameters[name]?.Type ?? '') ? value.split(',') : value;
    }
    return this.#resource(stack, name, where).ref;
  }

  #resource(stack: StackTemplate, logicalId: string, where: string): Resource {
    const found = this.#resources.find(
      (resource) => resource.stack === stack.name && resource.logicalId === logicalId,
    );
    if (!found)
      throw new TemplateError(where, `there is no resource or parameter ${logicalId} in the stack`);
    return found;
  }

  #substitute(stack: StackTemplate, argument: unknown, where: string): string {
    const [pattern, variables] = Array.isArray(argument) ? (argument as unknown[]) : [argument, {}];
    if (typeof pattern !== 'string' || !isRecord(variables))
      throw new TemplateError(where, 'Fn::Sub needs text');
    return pattern.replace(/\$\{(!?)([^}]*)\}/g, (_, literal: string, name: string) => {
      if (literal) return `\${${name}}`;
      if (name in variables) return String(this.#resolve(stack, variables[name], where));
      const [logicalId = '', ...attribute] = name.split('.');
      if (attribute.length)
        return this.#resource(stack, logicalId, where).attribute(attribute.join('.'));
      return String(this.#ref(stack, name, where));
    });
  }

  #export(name: string, where: string): unknown {
    for (const stack of this.#stacks) {
      for (const output of Object.values(stack.outputs)) {
        if (!isRecord(output) || !isRecord(output.Export)) continue;
        if (this.#resolve(stack, output.Export.Name, where) === name)
          return this.#resolve(stack, output.Value, where);
      }
    }
    throw new TemplateError(where, `no stack exports ${name}`);
  }

  #condition(stack: StackTemplate, name: string): boolean {
    if (!(name in stack.conditions))
      throw new TemplateError(stack.name, `there is no condition ${name}`);
    return (
      this.#resolve(stack, stack.conditions[name], `${stack.name}.Conditions.${name}`) === true
    );
  }

  #parameter(stack: StackTemplate, name: string): string {
    const parameter = stack.parameters[name];
    if (!parameter) throw new TemplateError(stack.name, `there is no parameter ${name}`);
    const variable = name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '_').toUpperCase();
    const value = this.#environment[variable] ?? parameter.Default;
    if (value === undefined) throw new SettingError(variable, 'is not set and has no default');
    const complaint = complaintAbout(String(value), parameter);
    if (complaint) throw new SettingError(variable, complaint);
    return String(value);
  }

  #dynamic(value: string, where: string): string {
    return value.replace(/\{\{resolve:([^}]*)\}\}/g, (_, reference: string) => {
      const match =
        /^secretsmanager:(arn:(?:[^:]*:){5}[^:]*|[^:]+)(?::SecretString(?::([^:]*)(?::([^:]*))?)?)?:?$/.exec(
          reference,
        );
      if (!match)
        throw new TemplateError(
          where,
          `the local runner does not know the dynamic reference ${reference}`,
        );
      const [, secretId = '', jsonKey = '', stage = ''] = match;
      return this.readSecret(secretId, jsonKey, stage || 'AWSCURRENT');
    });
  }
}

const noValue = Symbol('AWS::NoValue');

function pseudoParameter(name: string, stack: string, where: string): unknown {
  switch (name) {
    case 'AWS::AccountId':
      return account;
    case 'AWS::Region':
      return region;
    case 'AWS::Partition':
      return 'aws';
    case 'AWS::URLSuffix':
      return 'amazonaws.com';
    case 'AWS::StackName':
      return stack;
    case 'AWS::StackId':
      return `arn:aws:cloudformation:${region}:${account}:stack/${stack}/local`;
    case 'AWS::NoValue':
      return noValue;
    default:
      throw new TemplateError(where, `the local runner does not know ${name}`);
  }
}

function complaintAbout(value: string, parameter: RawParameter): string | undefined {
  const {
    AllowedValues: allowed,
    AllowedPattern: pattern,
    MinLength: minLength,
    MaxLength: maxLength,
  } = parameter;
  if (allowed && !allowed.map(String).includes(value))
    return `must be one of ${allowed.join(', ')}`;
  if (pattern && !new RegExp(`^(?:${pattern})$`).test(value)) return `must match ${pattern}`;
  if (minLength !== undefined && value.length < Number(minLength))
    return minLength > 1 ? `is shorter than ${minLength} characters` : 'is empty';
  if (maxLength !== undefined && value.length > Number(maxLength))
    return `is longer than ${maxLength} characters`;
  if (parameter.Type !== 'Number') return undefined;
  if (value.trim() === '' || Number.isNaN(Number(value))) return 'must be a number';
  if (parameter.MinValue !== undefined && Number(value) < Number(parameter.MinValue))
    return `must be at least ${parameter.MinValue}`;
  if (parameter.MaxValue !== undefined && Number(value) > Number(parameter.MaxValue))
    return `must be at most ${parameter.MaxValue}`;
  return undefined;
}

/** The stacks of the cloud assembly in a folder. `environment` gives the parameters their values. */
export function loadTemplate(
  assembly: string,
  environment: Readonly<Record<string, string | undefined>>,
): Template {
  const manifest = readJson(join(assembly, 'manifest.json'));
  const artifacts = isRecord(manifest.artifacts) ? Object.entries(manifest.artifacts) : [];
  const stacks = artifacts.flatMap(([id, artifact]): StackTemplate[] => {
    if (
      !isRecord(artifact) ||
      artifact.type !== 'aws:cloudformation:stack' ||
      !isRecord(artifact.properties)
    )
      return [];
    const { templateFile, stackName } = artifact.properties;
    const template = readJson(join(assembly, String(templateFile)));
    const section = (name: string) => (isRecord(template[name]) ? template[name] : {});
    return [
      {
        name: typeof stackName === 'string' ? stackName : id,
        resources: section('Resources') as Record<string, RawResource>,
        parameters: section('Parameters') as Record<string, RawParameter>,
        conditions: section('Conditions'),
        mappings: section('Mappings'),
        outputs: section('Outputs'),
      },
    ];
  });
  if (stacks.length === 0)
    throw new TemplateError(assembly, 'there is no stack in this cloud assembly');
  return new Template(stacks, environment);
}

/** All templates of a cloud assembly as one text: two that are equal ask for the same. */
export function templatesText(assembly: string): string {
  const files = readdirSync(assembly).filter((name) => name.endsWith('.template.json'));
  return files
    .sort()
    .map((name) => readFileSync(join(assembly, name), 'utf8'))
    .join('\n');
}

/** Folders of the assets of a cloud assembly, by the hash that names them in the templates. */
export function assetFolders(assembly: string): Map<string, string> {
  const manifest = readJson(join(assembly, 'manifest.json'));
  const artifacts = isRecord(manifest.artifacts) ? Object.values(manifest.artifacts) : [];
  const files = artifacts.flatMap((artifact) => {
    if (
      !isRecord(artifact) ||
      artifact.type !== 'cdk:asset-manifest' ||
      !isRecord(artifact.properties)
    )
      return [];
    const assets = readJson(join(assembly, String(artifact.properties.file)));
    return isRecord(assets.files) ? Object.entries(assets.files) : [];
  });
  return new Map(
    files.flatMap(([hash, file]) =>
      isRecord(file) && isRecord(file.source) && typeof file.source.path === 'string'
        ? [[hash, resolve(assembly, file.source.path)] as const]
        : [],
    ),
  );
}

function readJson(file: string): Record<string, unknown> {
  const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (!isRecord(value)) throw new TemplateError(file, 'is not a JSON object');
  return value;
}
