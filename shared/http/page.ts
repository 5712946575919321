import type { AppError } from '../contract/errors.ts';
import type { Reply } from './reply.ts';

const escapes: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text escaped for HTML. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => escapes[character] ?? character);
}

/** A small page in the look of the web app; it works without scripts. `content` is HTML. */
export function page(
  status: number,
  title: string,
  content: string,
): Reply & { headers: Record<string, string> } {
  return {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy':
        "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'",
    },
    body: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/style.css">
</head>
<body>
<main class="notice">
<h1>${escapeHtml(title)}</h1>
${content}
${supportContact()}</main>
</body>
</html>
`,
  };
}

/** Where a person finds help; only functions with the setting show it. */
function supportContact(): string {
  const address = process.env.SUPPORT_EMAIL;
  if (!address) return '';
  const safe = escapeHtml(address);
  return `<p>Need help? Write to <a href="mailto:${safe}">${safe}</a>.</p>\n`;
}

/** An error as a page for a browser. */
export function errorPage(
  error: AppError,
  requestId: string,
): Reply & { headers: Record<string, string> } {
  return page(
    error.status,
    error.title,
    `<p>${escapeHtml(error.message)}</p>\n<p><small>Request ${escapeHtml(requestId)}</small></p>`,
  );
}

/** Content security policy of the pages that run the scripts of the web app: our own files only. */
export const webAppPolicy =
  "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";
