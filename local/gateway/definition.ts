import { wildcard } from '../aws/iam.ts';
import { isRecord, listOf, recordOf } from '../runtime/json.ts';
import { type Resource, type Template, TemplateError } from '../template/template.ts';

/** A REST API as its definition and its stage say it is. */
export interface ApiDefinition {
  readonly id: string;
  readonly stage: string;
  readonly deploymentId: string;
  readonly stageArn: string;
  readonly operations: readonly Operation[];
  readonly gatewayResponses: Readonly<Record<string, GatewayResponse>>;
  readonly binaryMediaTypes: readonly string[];
  /** Replies from this size on are compressed; undefined: none are. */
  readonly minimumCompressionBytes: number | undefined;
  readonly stageVariables: Readonly<Record<string, string>> | null;
  readonly throttle: { readonly rate: number; readonly burst: number } | undefined;
}

export interface Operation {
  /** `ANY` for every method that the path does not have otherwise. */
  readonly method: string;
  readonly resourcePath: string;
  readonly functionArn: string;
  readonly timeoutMs: number;
  /** The function's answer is streamed as the function writes it. */
  readonly streams: boolean;
  readonly authorizer: Authorizer | undefined;
}

/** A TOKEN authorizer. */
export interface Authorizer {
  readonly name: string;
  /** Lower-case name of the header that carries the token. */
  readonly header: string;
  readonly functionArn: string;
  readonly validation: RegExp | undefined;
  readonly ttlSeconds: number;
}

export interface GatewayResponse {
  readonly statusCode?: number | undefined;
  readonly parameters: Readonly<Record<string, string>>;
  readonly templates: Readonly<Record<string, string>>;
}

const methods = ['get', 'post', 'put', 'patch', 'delete', 'head', 'options'];
const anyMethod = 'x-amazon-apigateway-any-method';

/** What API Gateway knows of a way to take a function's answer. */
interface TransferMode {
  /** The action of Lambda in the URI of the integration. */
  readonly uri: RegExp;
  readonly maxAgeMs: number;
}

const transferModes: Readonly<Record<string, TransferMode>> = {
  BUFFERED: {
    uri: /^arn:aws:apigateway:[a-z0-9-]+:lambda:path\/2015-03-31\/functions\/(arn:aws:lambda:[^/]+)\/invocations$/,
    maxAgeMs: 29_000,
  },
  STREAM: {
    uri: /^arn:aws:apigateway:[a-z0-9-]+:lambda:path\/2021-11-15\/functions\/(arn:aws:lambda:[^/]+)\/response-streaming-invocations$/,
    maxAgeMs: 900_000,
  },
};
const buffered = 'BUFFERED';

/** Reads the one REST API of the template. Throws TemplateError for what the gateway cannot imitate. */
export function readApi(template: Template): ApiDefinition {
  const [api, another] = template.ofType('AWS::ApiGateway::RestApi');
  if (!api || another)
    throw new TemplateError('template', 'the local runner needs exactly one REST API');
  const [stage, anotherStage] = template
    .ofType('AWS::ApiGateway::Stage')
    .filter(({ properties }) => properties.RestApiId === api.ref);
  if (!stage || anotherStage)
    throw new TemplateError(api.where, 'the local runner needs exactly one stage');
  const body = api.properties.Body;
  if (!isRecord(body) || !/^3\.0\./.test(String(body.openapi)))
    throw new TemplateError(api.where, 'has no OpenAPI 3.0 body');
  refuseUnknownExtensions(body, api.where, [
    'x-amazon-apigateway-binary-media-types',
    'x-amazon-apigateway-endpoint-configuration',
    'x-amazon-apigateway-gateway-responses',
    'x-amazon-apigateway-minimum-compression-size',
    'x-amazon-apigateway-policy',
  ]);

  const authorizers = readAuthorizers(body, api.where);
  const operations = Object.entries(recordOf(body.paths)).flatMap(([path, item]) =>
    readPath(path, recordOf(item), body.security, authorizers, api.where),
  );
  const definition: ApiDefinition = {
    id: api.ref,
    stage: stage.ref,
    deploymentId: String(stage.properties.DeploymentId),
    stageArn: `arn:aws:apigateway:us-east-1::/restapis/${api.ref}/stages/${stage.ref}`,
    operations,
    gatewayResponses: readGatewayResponses(
      recordOf(body['x-amazon-apigateway-gateway-responses']),
      api.where,
    ),
    binaryMediaTypes: listOf(
      api.properties.BinaryMediaTypes ?? body['x-amazon-apigateway-binary-media-types'],
    ).map(String),
    minimumCompressionBytes: optionalNumber(
      api.properties.MinimumCompressionSize ?? body['x-amazon-apigateway-minimum-compression-size'],
    ),
    stageVariables: isRecord(stage.properties.Variables)
      ? (stage.properties.Variables as Record<string, string>)
      : null,
    throttle: readThrottle(stage),
  };
  requirePermissions(template, definition, api.where);
  return definition;
}

function readPath(
  path: string,
  item: Record<string, unknown>,
  globalSecurity: unknown,
  authorizers: ReadonlyMap<string, Authorizer>,
  apiWhere: string,
): Operation[] {
  refuseUnknownExtensions(item, `${apiWhere} ${path}`, [anyMethod]);
  return [...methods, anyMethod].flatMap((key): Operation[] => {
    if (item[key] === undefined) return [];
    const operation = recordOf(item[key]);
    const method = key === anyMethod ? 'ANY' : key.toUpperCase();
    const where = `${apiWhere} ${method} ${path}`;
    refuseUnknownExtensions(operation, where, ['x-amazon-apigateway-integration']);
    const integration = recordOf(operation['x-amazon-apigateway-integration']);
    if (
      String(integration.type).toLowerCase() !== 'aws_proxy' ||
      integration.httpMethod !== 'POST'
    ) {
      throw new TemplateError(where, 'the local gateway only knows aws_proxy integrations by POST');
    }
    const mode = String(integration.responseTransferMode ?? buffered);
    return [
      {
        method,
        resourcePath: path,
        functionArn: functionArnOf(integration.uri, where, mode),
        timeoutMs: timeoutOf(integration, where, mode),
        streams: mode !== buffered,
        authorizer: authorizerOf(operation.security ?? globalSecurity, authorizers, where),
      },
    ];
  });
}

function authorizerOf(
  security: unknown,
  authorizers: ReadonlyMap<string, Authorizer>,
  where: string,
): Authorizer | undefined {
  const schemes = listOf(security).flatMap((requirement) => Object.keys(recordOf(requirement)));
  if (schemes.length === 0) return undefined;
  const authorizer = authorizers.get(schemes[0] ?? '');
  if (!authorizer || schemes.length > 1)
    throw new TemplateError(where, 'needs exactly one security scheme with an authorizer');
  return authorizer;
}

function readAuthorizers(body: Record<string, unknown>, where: string): Map<string, Authorizer> {
  const schemes = Object.entries(recordOf(recordOf(body.components).securitySchemes));
  return new Map(
    schemes.map(([name, value]): [string, Authorizer] => {
      const scheme = recordOf(value);
      const authorizer = recordOf(scheme['x-amazon-apigateway-authorizer']);
      const {
        type,
        authorizerUri,
        identityValidationExpression,
        authorizerResultTtlInSeconds,
        ...others
      } = authorizer;
      const unknown = Object.keys(others).find((key) => key !== 'identitySource');
      if (scheme.type !== 'apiKey' || scheme.in !== 'header' || type !== 'token' || unknown) {
        throw new TemplateError(
          where,
          `security scheme ${name} is no TOKEN authorizer that the local gateway knows${unknown ? ` (${unknown})` : ''}`,
        );
      }
      return [
        name,
        {
          name,
          header: String(scheme.name).toLowerCase(),
          functionArn: functionArnOf(authorizerUri, `${where} ${name}`, buffered),
          validation:
            typeof identityValidationExpression === 'string'
              ? javaPattern(identityValidationExpression)
              : undefined,
          ttlSeconds: optionalNumber(authorizerResultTtlInSeconds) ?? 300,
        },
      ];
    }),
  );
}

/** A Java pattern that must match all of a text. Flags at its start, `(?i)`, are JavaScript's after it. */
function javaPattern(pattern: string): RegExp {
  const [, flags = '', rest = ''] = /^(?:\(\?([ims]+)\))?(.*)$/s.exec(pattern) ?? [];
  return new RegExp(`^(?:${rest})$`, flags);
}

function functionArnOf(uri: unknown, where: string, mode: string): string {
  const arn = transferModeOf(mode, where).uri.exec(String(uri))?.[1];
  if (!arn)
    throw new TemplateError(
      where,
      `the local gateway does not know the integration ${String(uri)} of transfer mode ${mode}`,
    );
  return arn;
}

/** An integration without a timeout has 29 seconds, also one that streams. */
function timeoutOf(integration: Record<string, unknown>, where: string, mode: string): number {
  const { maxAgeMs } = transferModeOf(mode, where);
  const timeoutMs = optionalNumber(integration.timeoutInMillis) ?? 29_000;
  if (timeoutMs > maxAgeMs)
    throw new TemplateError(
      where,
      `API Gateway waits ${maxAgeMs} ms at most in transfer mode ${mode}, not ${timeoutMs}`,
    );
  return timeoutMs;
}

function transferModeOf(mode: string, where: string): TransferMode {
  const known = transferModes[mode];
  if (!known)
    throw new TemplateError(where, `the local gateway does not know the transfer mode ${mode}`);
  return known;
}

function readGatewayResponses(
  responses: Record<string, unknown>,
  where: string,
): Record<string, GatewayResponse> {
  return Object.fromEntries(
    Object.entries(responses).map(([type, value]) => {
      const { statusCode, responseParameters, responseTemplates, ...others } = recordOf(value);
      const unknown = Object.keys(others)[0];
      if (unknown)
        throw new TemplateError(
          where,
          `gateway response ${type} has ${unknown}, which the local gateway does not know`,
        );
      const parameters = recordOf(responseParameters) as Record<string, string>;
      const odd = Object.keys(parameters).find(
        (name) => !name.startsWith('gatewayresponse.header.'),
      );
      if (odd)
        throw new TemplateError(where, `gateway response ${type} sets ${odd}, which is no header`);
      return [
        type,
        {
          statusCode: optionalNumber(statusCode),
          parameters,
          templates: recordOf(responseTemplates) as Record<string, string>,
        },
      ];
    }),
  );
}

function readThrottle(stage: Resource): ApiDefinition['throttle'] {
  const settings = listOf(stage.properties.MethodSettings)
    .filter(isRecord)
    .find(({ HttpMethod, ResourcePath }) => HttpMethod === '*' && ResourcePath === '/*');
  const rate = optionalNumber(settings?.ThrottlingRateLimit);
  const burst = optionalNumber(settings?.ThrottlingBurstLimit);
  return rate === undefined || burst === undefined ? undefined : { rate, burst };
}

/** API Gateway answers 500 where a function's policy does not let it in; here that is found at the start. */
function requirePermissions(template: Template, api: ApiDefinition, where: string): void {
  const permissions = template
    .ofType('AWS::Lambda::Permission')
    .map(({ properties }) => properties)
    .filter(
      ({ Principal, Action }) =>
        Principal === 'apigateway.amazonaws.com' && Action === 'lambda:InvokeFunction',
    );
  const isAllowed = (functionArn: string, sourceArn: string) =>
    permissions.some(({ FunctionName, SourceArn }) => {
      const name = String(FunctionName);
      return (
        (name === functionArn || functionArn.endsWith(`:function:${name}`)) &&
        (SourceArn === undefined || wildcard(String(SourceArn)).test(sourceArn))
      );
    });

  for (const { method, resourcePath, functionArn, authorizer } of api.operations) {
    const verb = method === 'ANY' ? '*' : method;
    const source = `${executeArn(api)}/${api.stage}/${verb}${resourcePath.replace(/\{[^}]*\}/g, '*')}`;
    if (!isAllowed(functionArn, source))
      throw new TemplateError(
        where,
        `nothing permits API Gateway to call ${functionArn} for ${method} ${resourcePath}`,
      );
    if (authorizer && !isAllowed(authorizer.functionArn, `${executeArn(api)}/authorizers/local`)) {
      throw new TemplateError(
        where,
        `nothing permits API Gateway to call the authorizer ${authorizer.functionArn}`,
      );
    }
  }
}

/** Start of the ARNs of everything in an API. */
export function executeArn(api: Pick<ApiDefinition, 'id'>): string {
  return `arn:aws:execute-api:us-east-1:000000000000:${api.id}`;
}

function refuseUnknownExtensions(
  value: Record<string, unknown>,
  where: string,
  known: readonly string[],
): void {
  const unknown = Object.keys(value).find(
    (key) => key.startsWith('x-amazon-') && !known.includes(key),
  );
  if (unknown)
    throw new TemplateError(where, `has ${unknown}, which the local gateway does not know`);
}

function optionalNumber(value: unknown): number | undefined {
  return value === undefined || value === null ? undefined : Number(value);
}
