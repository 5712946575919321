import { handle } from '../../shared/http/handle.ts';
import { webAppPolicy } from '../../shared/http/page.ts';
import { docs } from '../../shared/service/contract.ts';
import swaggerPage from '../../web/docs.html';

export const handler = handle(docs, async () => {
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': webAppPolicy,
  };
  return { status: 200, body: swaggerPage, headers };
});
