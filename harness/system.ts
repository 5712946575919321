import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { type Cloud, type CloudFetchInit, startCloud } from '../local/cloud.ts';

export interface Reply<T = Record<string, unknown>> {
  status: number;
  headers: Headers;
  body: T;
}

/** The whole product as `npm start` runs it, on a free port and with its own data. */
export class System {
  #cloud: Cloud | undefined;
  #dataDir: string | undefined;

  get cloud(): Cloud {
    if (!this.#cloud) throw new Error('The system has not been started');
    return this.#cloud;
  }

  get dataDir(): string {
    if (!this.#dataDir) throw new Error('The system has not been started');
    return this.#dataDir;
  }

  async start(environment: Record<string, string> = {}): Promise<void> {
    this.#dataDir = mkdtempSync(join(tmpdir(), 'tenantry-'));
    this.#cloud = await startCloud({
      port: 0,
      dataDir: this.#dataDir,
      environment,
      // Vitest shows it with a test that fails.
      onFunctionLog: ({ functionId, line }) => console.log(`${functionId}: ${line}`),
      onError: (error) => console.error(error),
    });
  }

  async stop(): Promise<void> {
    await this.#cloud?.stop();
    if (this.#dataDir) rmSync(this.#dataDir, { recursive: true, force: true });
  }

  /** Sends a request over the network to the front door; a body that is an object goes as JSON. */
  async send<T = Record<string, unknown>>(
    method: string,
    path: string,
    options: {
      body?: object | string;
      headers?: Record<string, string>;
      token?: string;
      viewer?: string;
    } = {},
  ): Promise<Reply<T>> {
    const { body, token, viewer } = options;
    const init: CloudFetchInit = {
      method,
      redirect: 'manual',
      headers: {
        ...(typeof body === 'object' && { 'content-type': 'application/json' }),
        ...(token && { authorization: `Bearer ${token}` }),
        ...options.headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      ...(viewer && { viewer }),
    };
    const response = viewer
      ? await this.cloud.fetch(path, init)
      : await fetch(this.cloud.url + path, init);
    const text = await response.text();
    const isJson = /json/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      body: isJson && text ? JSON.parse(text) : (text as T),
    };
  }

  /** Buys the product as an AWS account and returns the registration token that AWS hands out. */
  async buy(purchase: { account_id?: string; offer_type?: string } = {}): Promise<string> {
    const { body } = await this.send<{ token: string }>('POST', '/_local/marketplace/purchases', {
      body: purchase,
    });
    return body.token;
  }

  /** Sends the registration token as a script does. */
  register(token: string) {
    return this.send<{ tenant_id: string; status: string; registration_ticket: string }>(
      'POST',
      '/marketplace/register',
      {
        body: { 'x-amzn-marketplace-token': token },
        headers: { accept: 'application/json' },
      },
    );
  }

  /** A buyer who has completed the profile. */
  async newOwner(): Promise<{
    access_token: string;
    refresh_token: string;
    tenant_id: string;
    email: string;
    password: string;
  }> {
    const { body: registration } = await this.register(await this.buy());
    const email = `owner-${registration.tenant_id.toLowerCase().replace('_', '-')}@example.com`;
    const password = 'correct horse battery';
    const { status, body } = await this.send<{
      access_token: string;
      refresh_token: string;
      tenant_id: string;
    }>('POST', '/marketplace/complete-profile', {
      body: {
        registration_ticket: registration.registration_ticket,
        email,
        password,
        company_name: 'Example Ltd',
      },
    });
    if (status !== 200) throw new Error(`Completing the profile answered ${status}`);
    return { ...body, email, password };
  }
}

/** Starts the system around the tests of a file. */
export function useSystem(environment: Record<string, string> = {}): System {
  const system = new System();
  beforeAll(() => system.start(environment), 120_000);
  afterAll(() => system.stop());
  return system;
}
