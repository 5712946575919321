import { AwsError } from '../aws/aws.ts';
import type { Identities } from '../aws/iam.ts';
import { headerOf, type Listener, listen, readRequest, writeResponse } from '../runtime/http.ts';
import { isRecord } from '../runtime/json.ts';
import type { DynamoDb } from './dynamodb.ts';
import { authorizeTableRequest, type TableKeys } from './table-requests.ts';

/** What one request of a function cost. */
export interface TableCall {
  /** Name of the function in the template; undefined for the operator. */
  readonly functionName: string | undefined;
  readonly operation: string;
  /** `ConsumedCapacity` as DynamoDB reports it, a list for batches and transactions. */
  readonly consumed: unknown;
  readonly status: number;
}

export interface DynamoDbFrontOptions {
  readonly dynamoDb: DynamoDb;
  readonly identities: Identities;
  readonly tables: readonly TableKeys[];
  /** Asks DynamoDB for the consumed capacity of every request and receives it. */
  readonly onTableCall?: ((call: TableCall) => void) | undefined;
  readonly onError?: (error: unknown) => void;
}

/**
 * The DynamoDB that functions see: judges every request by the policies of the function's role, as
 * IAM does, and passes what they allow on to the database.
 */
export function startDynamoDbFront(options: DynamoDbFrontOptions): Promise<Listener> {
  const { dynamoDb, identities, tables, onTableCall, onError = () => {} } = options;
  return listen(
    async (message, response) => {
      const request = await readRequest(message);
      try {
        const operation = /^DynamoDB_20120810\.(\w+)$/.exec(
          headerOf(request.headers, 'x-amz-target') ?? '',
        )?.[1];
        if (!operation)
          throw new AwsError('UnknownOperationException', 'The operation is not one of DynamoDB');
        const principal = identities.principalOf(headerOf(request.headers, 'authorization'));
        const input = parse(request.body);
        authorizeTableRequest(principal, operation, input, tables);

        const body = onTableCall
          ? Buffer.from(
              JSON.stringify({
                ...input,
                ReturnConsumedCapacity: input.ReturnConsumedCapacity ?? 'TOTAL',
              }),
            )
          : request.body;
        const answer = await dynamoDb.forward(operation, body);
        const { status, rawHeaders } = answer;
        if (onTableCall) {
          const consumed = status === 200 ? parse(answer.body).ConsumedCapacity : undefined;
          onTableCall({ functionName: principal.functionName, operation, consumed, status });
        }
        response.writeHead(status, rawHeaders).end(answer.body);
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        writeResponse(message, response, {
          status: error.status,
          headers: [['Content-Type', 'application/x-amz-json-1.0']],
          body: Buffer.from(
            JSON.stringify({
              __type: `com.amazon.coral.service#${error.name}`,
              message: error.message,
              ...error.members,
            }),
          ),
        });
      }
    },
    { onError },
  );
}

function parse(body: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body.toString());
    if (isRecord(value)) return value;
  } catch {
    // Answered below, as everything else that is no object.
  }
  throw new AwsError('SerializationException', 'The request body is not a JSON object');
}
