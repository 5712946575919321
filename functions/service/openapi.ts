import { openApiDocument } from '../../shared/contract/openapi.ts';
import { handle } from '../../shared/http/handle.ts';
import { openapi } from '../../shared/service/contract.ts';

const headers = { 'content-type': 'application/json', 'cache-control': 'public, max-age=300' };
let document: string | undefined;

export const handler = handle(openapi, async () => {
  document ??= JSON.stringify(openApiDocument());
  return { status: 200, body: document, headers };
});
