import { randomBytes } from 'node:crypto';
import { isRecord, listOf } from '../runtime/json.ts';
import { type Resource, type Template, TemplateError } from '../template/template.ts';
import { AwsError, account } from './aws.ts';

/** Values of the condition keys of a request. A key that is absent here is absent from the request. */
export type RequestContext = Readonly<Record<string, readonly string[]>>;

/** Who calls. */
export interface Principal {
  readonly arn: string;
  /** Name of the function that calls; undefined for the operator of this machine. */
  readonly functionName?: string;
  /** Throws AccessDeniedException unless the policies of the caller allow it. */
  authorize(action: string, resource: string, context?: RequestContext): void;
}

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

interface Condition {
  readonly key: string;
  readonly holds: (values: readonly string[] | undefined) => boolean;
}

interface Statement {
  readonly effect: 'Allow' | 'Deny';
  readonly actions: readonly RegExp[];
  readonly resources: readonly RegExp[];
  readonly conditions: readonly Condition[];
}

/** Makes the credentials of functions and knows whose they are and what their roles allow. */
export class Identities {
  readonly #template: Template;
  readonly #principals = new Map<string, Principal>();
  readonly #statements = new Map<string, readonly Statement[]>();

  constructor(template: Template) {
    this.#template = template;
  }

  /** Reads the policies of a function's role. Throws TemplateError if they cannot be judged here. */
  prepare(
    functionName: string,
    roleArn: string,
  ): { role: Resource; statements: readonly Statement[] } {
    const role = this.#template.find('AWS::IAM::Role', roleArn, 'Arn');
    if (!role) throw new TemplateError(functionName, `its role ${roleArn} is not in the template`);
    const statements = this.#statements.get(roleArn) ?? policiesOf(this.#template, role);
    this.#statements.set(roleArn, statements);
    return { role, statements };
  }

  /** Fresh credentials of a function's role. Throws as {@link prepare} does. */
  issue(functionName: string, roleArn: string): Credentials {
    const { role, statements } = this.prepare(functionName, roleArn);
    const accessKeyId = `ASIA${randomBytes(8).toString('hex').toUpperCase()}`;
    const arn = `arn:aws:sts::${account}:assumed-role/${role.name}/${functionName}`;
    this.#principals.set(accessKeyId, {
      arn,
      functionName,
      authorize: (action, resource, context = {}) => {
        const reason = refusal(statements, action, resource, context);
        if (reason) throw accessDenied(arn, action, resource, reason);
      },
    });
    return {
      accessKeyId,
      secretAccessKey: randomBytes(30).toString('base64'),
      sessionToken: randomBytes(96).toString('base64'),
    };
  }

  /**
   * Who signed a request, by its `Authorization` header. Keys that no function has are those of the
   * operator, whose own rights are not the template's to judge; a function's key that is unknown is
   * refused. Throws AwsError.
   */
  principalOf(authorization: string | undefined): Principal {
    const accessKeyId = /^AWS4-HMAC-SHA256 Credential=([^/,\s]+)\//.exec(authorization ?? '')?.[1];
    if (!accessKeyId) {
      throw new AwsError(
        'MissingAuthenticationTokenException',
        'Request is missing Authentication Token',
      );
    }
    const principal = this.#principals.get(accessKeyId);
    if (principal) return principal;
    if (accessKeyId.startsWith('ASIA')) {
      throw new AwsError(
        'UnrecognizedClientException',
        'The security token included in the request is invalid.',
      );
    }
    return operator;
  }
}

const operator: Principal = { arn: `arn:aws:iam::${account}:user/operator`, authorize: () => {} };

function accessDenied(
  principal: string,
  action: string,
  resource: string,
  reason: string,
): AwsError {
  const text = `User: ${principal} is not authorized to perform: ${action} on resource: ${resource} because ${reason}`;
  return new AwsError('AccessDeniedException', text, 400, { Message: text });
}

function refusal(
  statements: readonly Statement[],
  action: string,
  resource: string,
  context: RequestContext,
): string | undefined {
  const matching = statements.filter(
    (statement) =>
      statement.actions.some((pattern) => pattern.test(action)) &&
      statement.resources.some((pattern) => pattern.test(resource)) &&
      statement.conditions.every(({ key, holds }) => holds(context[key])),
  );
  if (matching.some(({ effect }) => effect === 'Deny'))
    return 'of an explicit deny in an identity-based policy';
  if (matching.length > 0) return undefined;
  return `no identity-based policy allows the ${action} action`;
}

function policiesOf(template: Template, role: Resource): Statement[] {
  const inline = listOf(role.properties.Policies).map((policy) => ({
    where: role.where,
    document: isRecord(policy) ? policy.PolicyDocument : undefined,
  }));
  const attached = template
    .ofType('AWS::IAM::Policy')
    .filter((policy) => listOf(policy.properties.Roles).includes(role.ref))
    .map((policy) => ({ where: policy.where, document: policy.properties.PolicyDocument }));
  for (const managed of listOf(role.properties.ManagedPolicyArns)) {
    if (!harmlessManagedPolicies.test(String(managed))) {
      throw new TemplateError(
        role.where,
        `the local runner does not know the managed policy ${String(managed)}`,
      );
    }
  }
  return [...inline, ...attached].flatMap(({ where, document }) => {
    if (!isRecord(document)) throw new TemplateError(where, 'has a policy without a document');
    return listOf(document.Statement).map((statement) => compile(statement, where));
  });
}

/** They grant logs and traces, which nothing here checks. */
const harmlessManagedPolicies =
  /^arn:aws:iam::aws:policy\/(service-role\/AWSLambdaBasicExecutionRole|AWSXRayDaemonWriteAccess)$/;

function compile(statement: unknown, where: string): Statement {
  if (!isRecord(statement))
    throw new TemplateError(where, 'has a policy statement that is no object');
  const {
    Effect: effect,
    Action: action,
    Resource: resource,
    Condition: condition = {},
    Sid: _,
    ...others
  } = statement;
  const unknown = Object.keys(others)[0];
  if (
    unknown ||
    (effect !== 'Allow' && effect !== 'Deny') ||
    action === undefined ||
    resource === undefined ||
    !isRecord(condition)
  ) {
    throw new TemplateError(
      where,
      `has a policy statement that the local runner cannot judge${unknown ? ` (${unknown})` : ''}`,
    );
  }
  return {
    effect,
    actions: listOf(action).map((pattern) => wildcard(String(pattern), 'i')),
    resources: listOf(resource).map((pattern) => wildcard(String(pattern))),
    conditions: Object.entries(condition).flatMap(([operator, keys]) =>
      Object.entries(isRecord(keys) ? keys : {}).map(([key, values]) =>
        compileCondition(operator, key, listOf(values).map(String), where),
      ),
    ),
  };
}

/** Condition keys that the local services give. A policy that leans on another one cannot be judged. */
const knownKeys = /^(?:dynamodb:LeadingKeys|kms:EncryptionContextKeys|kms:EncryptionContext:\w+)$/;

function compileCondition(
  operator: string,
  key: string,
  expected: readonly string[],
  where: string,
): Condition {
  if (!knownKeys.test(key))
    throw new TemplateError(where, `the local runner does not know the condition key ${key}`);
  if (expected.some((value) => value.includes('${')))
    throw new TemplateError(where, 'the local runner does not know policy variables');
  if (operator === 'Null') {
    const mustBeAbsent = expected[0] === 'true';
    return { key, holds: (values) => (values === undefined) === mustBeAbsent };
  }
  const [, quantifier, test] =
    /^(?:(ForAllValues|ForAnyValue):)?(StringEquals|StringLike)$/.exec(operator) ?? [];
  if (!test)
    throw new TemplateError(
      where,
      `the local runner does not know the condition operator ${operator}`,
    );
  const patterns = expected.map((value) =>
    test === 'StringLike' ? wildcard(value) : literal(value),
  );
  const matches = (value: string) => patterns.some((pattern) => pattern.test(value));
  if (quantifier === 'ForAllValues') return { key, holds: (values = []) => values.every(matches) };
  return { key, holds: (values = []) => values.some(matches) };
}

const escapePattern = (text: string) => text.replace(/[\\^$.|+()[\]{}]/g, '\\$&');
const literal = (text: string) =>
  new RegExp(`^${escapePattern(text).replace(/[*?]/g, '\\$&')}$`, 's');

/** An IAM pattern, in which `*` stands for any text and `?` for one character. */
export function wildcard(pattern: string, flags = ''): RegExp {
  return new RegExp(
    `^${escapePattern(pattern).replaceAll('*', '.*').replaceAll('?', '.')}$`,
    `s${flags}`,
  );
}
