import { createServer } from 'node:http';

export interface StsServer {
  readonly endpoint: string;
  /** The roles that it was asked for, in order. */
  readonly asked: string[];
  /** Refuses from now on, or no more. */
  refuse(isRefusing: boolean): void;
  stop(): void;
}

const xmlns = 'https://sts.amazonaws.com/doc/2011-06-15/';

/** STS, as far as AssumeRole: credentials of an hour, whose key is `ROLE` and the count of calls. */
export async function startSts(): Promise<StsServer> {
  const asked: string[] = [];
  let isRefusing = false;
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const form = new URLSearchParams(body);
    asked.push(form.get('RoleArn') ?? '');
    response.writeHead(isRefusing ? 403 : 200, { 'content-type': 'text/xml' });
    response.end(
      isRefusing
        ? `<ErrorResponse xmlns="${xmlns}"><Error><Type>Sender</Type><Code>AccessDenied</Code><Message>not authorized to perform: sts:AssumeRole</Message></Error><RequestId>r</RequestId></ErrorResponse>`
        : `<AssumeRoleResponse xmlns="${xmlns}"><AssumeRoleResult><Credentials><AccessKeyId>ROLE${asked.length}</AccessKeyId><SecretAccessKey>secret</SecretAccessKey><SessionToken>token</SessionToken><Expiration>${new Date(Date.now() + 3_600_000).toISOString()}</Expiration></Credentials></AssumeRoleResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></AssumeRoleResponse>`,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('The server has no port');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    asked,
    refuse: (value) => {
      isRefusing = value;
    },
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
