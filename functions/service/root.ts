import { handle } from '../../shared/http/handle.ts';
import { webAppPolicy } from '../../shared/http/page.ts';
import { root } from '../../shared/service/contract.ts';
import { version } from '../../shared/version.ts';
import webApp from '../../web/index.html';

export const handler = handle(root, async ({ wantsPage }) => {
  if (wantsPage) {
    const headers = {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': webAppPolicy,
      vary: 'accept',
    };
    return { status: 200, body: webApp, headers };
  }
  return {
    status: 200,
    body: { name: 'Tenantry', version, status: 'operational', docs: '/docs' },
    headers: { vary: 'accept' },
  };
});
