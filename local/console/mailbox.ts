import { MailFault, type MailService } from '../aws/mail.ts';
import { jsonResponse } from '../runtime/http.ts';
import { bodyOf, ConsoleError, type ConsoleRoute } from './routes.ts';

/** What the local SES has delivered, one mail as its addressee sees it, and how SES fails. */
export function mailboxRoutes(mail: MailService): ConsoleRoute[] {
  return [
    [/^\/mailbox$/, { GET: () => jsonResponse(200, mail.mailbox()) }],
    [
      /^\/mailbox\/([\w-]+)\/html$/,
      {
        GET: ({ parameters: [id] }) => {
          const found = mail.mailbox().find((one) => one.id === id);
          if (!found?.html)
            throw new ConsoleError(404, 'not_found', 'There is no such mail with HTML.');
          return {
            status: 200,
            headers: [
              ['Content-Type', 'text/html; charset=utf-8'],
              ['Content-Security-Policy', mailPolicy],
            ],
            body: Buffer.from(found.html),
          };
        },
      },
    ],
    [
      /^\/mailbox\/faults$/,
      {
        GET: () => jsonResponse(200, mail.fault()),
        PUT: ({ request }) => {
          mail.setFault(bodyOf(request, MailFault));
          return jsonResponse(200, mail.fault());
        },
      },
    ],
  ];
}

/** What a mail reader lets a mail do: look as it says, and nothing else. */
const mailPolicy =
  "default-src 'none'; style-src 'unsafe-inline'; sandbox allow-popups allow-popups-to-escape-sandbox; frame-ancestors 'self'; base-uri 'none'; form-action 'none'";
