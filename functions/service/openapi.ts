import { openApiDocument } from '../../shared/contract/openapi.ts';
import { openapi } from '../../shared/contract/service.ts';
import { handle } from '../../shared/http/handle.ts';

const document = JSON.stringify(openApiDocument());
const headers = { 'content-type': 'application/json', 'cache-control': 'public, max-age=300' };

export const handler = handle(openapi, async () => ({ status: 200, body: document, headers }));
