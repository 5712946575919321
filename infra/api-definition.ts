import { Fn } from 'aws-cdk-lib';
import { authorizer, fallback } from '../shared/contract/background.ts';
import { type Endpoint, gatewayPaths, maxStreamSeconds } from '../shared/contract/endpoint.ts';
import { constructIdOf } from './function.ts';
import { gatewayResponses } from './gateway-responses.ts';

/** Name of the authorizer in the definition. */
const bearerScheme = 'bearer';

/** `Bearer <JWT>`; any other header never reaches the authorizer's function. */
const bearerExpression =
  '^[Bb][Ee][Aa][Rr][Ee][Rr] +[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+$';

/** How long the gateway trusts a verified token: a revoked one is refused no later than this. */
const authorizerTtlSeconds = 60;

/**
 * The OpenAPI 3.0 document that is the API in API Gateway: a route for each path and method of the
 * contract, and on every path one for all other methods. Throws if two endpoints share a route, or
 * call a parameter in one place by two names, which API Gateway refuses.
 */
export function apiDefinition(
  endpoints: readonly Endpoint[],
  title: string,
): Record<string, unknown> {
  return {
    openapi: '3.0.1',
    info: { title, version: '1' },
    paths: pathsOf(endpoints),
    components: { securitySchemes: { [bearerScheme]: bearerAuthorizer() } },
    'x-amazon-apigateway-gateway-responses': gatewayResponses(),
  };
}

function pathsOf(endpoints: readonly Endpoint[]): Record<string, Record<string, unknown>> {
  const paths: Record<string, Record<string, unknown>> = {};
  const parameters = new Map<string, string>();
  for (const endpoint of endpoints) {
    for (const path of gatewayPaths(endpoint)) {
      for (const { index, 1: name = '' } of path.matchAll(/\{([^}]+)\}/g)) {
        const before = path.slice(0, index);
        const known = parameters.get(before) ?? name;
        if (known !== name)
          throw new Error(
            `${path} must call its parameter {${known}}, as other paths below ${before}`,
          );
        parameters.set(before, name);
      }
      const item = paths[path] ?? itemWithFallback(path);
      paths[path] = item;
      const method = endpoint.method.toLowerCase();
      if (item[method]) throw new Error(`Two endpoints answer ${endpoint.method} ${path}`);
      item[method] = {
        ...operation(path, endpoint.streams ? stream(endpoint) : proxy(endpoint.id)),
        ...(endpoint.access.kind === 'bearer' && { security: [{ [bearerScheme]: [] }] }),
      };
    }
  }
  return paths;
}

/** The fallback first: to some tools outside AWS the last route wins, and that must be a named method. */
function itemWithFallback(path: string): Record<string, unknown> {
  return { 'x-amazon-apigateway-any-method': operation(path, proxy(fallback.id)) };
}

function operation(path: string, integration: object) {
  const parameters = [...path.matchAll(/\{([^}+]+)\+?\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  return {
    ...(parameters.length > 0 && { parameters }),
    responses: {},
    'x-amazon-apigateway-integration': integration,
  };
}

function proxy(functionId: string) {
  return {
    type: 'aws_proxy',
    httpMethod: 'POST',
    uri: invocationUri(functionId),
    passthroughBehavior: 'when_no_match',
  };
}

/** API Gateway sends on what the function writes, and waits as long as the function may run. */
function stream({ id, timeoutSeconds = maxStreamSeconds }: Endpoint) {
  return {
    ...proxy(id),
    uri: streamUri(id),
    responseTransferMode: 'STREAM',
    timeoutInMillis: timeoutSeconds * 1000,
  };
}

function bearerAuthorizer() {
  return {
    type: 'apiKey',
    name: 'Authorization',
    in: 'header',
    'x-amazon-apigateway-authtype': 'custom',
    'x-amazon-apigateway-authorizer': {
      type: 'token',
      authorizerUri: invocationUri(authorizer.id),
      identityValidationExpression: bearerExpression,
      authorizerResultTtlInSeconds: authorizerTtlSeconds,
    },
  };
}

const invocationUri = (functionId: string) => lambdaUri('2015-03-31', functionId, 'invocations');
const streamUri = (functionId: string) =>
  lambdaUri('2021-11-15', functionId, 'response-streaming-invocations');

/** Fn::Sub with the function's logical id: the one form that tools outside AWS also resolve. */
function lambdaUri(version: string, functionId: string, action: string): string {
  const arn = `\${${constructIdOf(functionId)}.Arn}`;
  return Fn.sub(
    `arn:\${AWS::Partition}:apigateway:\${AWS::Region}:lambda:path/${version}/functions/${arn}/${action}`,
  );
}
