import { randomUUID } from 'node:crypto';
import type { InvokeResult } from '../lambda/lambda.ts';
import { headerOf, type Listener, listen, readRequest, writeResponse } from '../runtime/http.ts';
import type { Template } from '../template/template.ts';
import { AwsError } from './aws.ts';
import type { Identities } from './iam.ts';

const invocations = /^\/2015-03-31\/functions\/([^/]+)\/invocations$/;

/**
 * Lambda's own API as far as `Invoke` with the type `RequestResponse`, for functions by their name or
 * ARN. What a function throws is the payload, with `X-Amz-Function-Error`, as Lambda answers it.
 */
export function startLambdaApi(options: {
  readonly template: Template;
  readonly identities: Identities;
  readonly invoke: (functionArn: string, event: unknown) => Promise<InvokeResult>;
  readonly onError?: (error: unknown) => void;
}): Promise<Listener> {
  const { template, identities, invoke, onError } = options;
  const answer = async (method: string, path: string, body: Buffer, authorization?: string) => {
    const wanted = decodeURIComponent(invocations.exec(path)?.[1] ?? '');
    if (method !== 'POST' || wanted === '')
      throw new AwsError('UnknownOperationException', 'The local Lambda only knows Invoke', 404);
    const found = template
      .ofType('AWS::Lambda::Function')
      .find((each) => [each.ref, each.attribute('Arn')].includes(wanted));
    if (!found)
      throw new AwsError('ResourceNotFoundException', `Function not found: ${wanted}`, 404);
    const arn = found.attribute('Arn');
    identities.principalOf(authorization).authorize('lambda:InvokeFunction', arn);
    return invoke(arn, parse(body));
  };
  return listen(
    async (message, response) => {
      const { method, path, headers, body } = await readRequest(message);
      const reply = (status: number, text: string, more: [string, string][] = []) =>
        writeResponse(message, response, {
          status,
          headers: [
            ['Content-Type', 'application/json'],
            ['x-amzn-RequestId', randomUUID()],
            ...more,
          ],
          body: Buffer.from(text),
        });
      try {
        const result = await answer(method, path, body, headerOf(headers, 'authorization'));
        if (result.ok) return reply(200, result.payload);
        const { errorType, errorMessage, trace } = result;
        const payload = JSON.stringify({ errorType, errorMessage, trace });
        reply(200, payload, [['X-Amz-Function-Error', 'Unhandled']]);
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        const { name, status } = error;
        reply(status, JSON.stringify({ Type: 'User', Message: error.message }), [
          ['x-amzn-ErrorType', name],
        ]);
      }
    },
    onError ? { onError } : {},
  );
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString() || '{}');
  } catch {
    throw new AwsError('InvalidRequestContentException', 'Could not parse request body into json');
  }
}
