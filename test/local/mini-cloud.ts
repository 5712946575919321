import { afterAll, beforeAll } from 'vitest';
import { type Cloud, type CloudOptions, startCloud } from '../../local/cloud.ts';
import { type MiniAssembly, writeMiniAssembly } from './mini-assembly.ts';

/** A cloud of the mini template around the tests of a file. */
export class MiniCloud {
  #cloud: Cloud | undefined;
  #files: MiniAssembly | undefined;

  get cloud(): Cloud {
    if (!this.#cloud) throw new Error('The cloud has not been started');
    return this.#cloud;
  }

  async start(
    options: Partial<CloudOptions>,
    change?: Parameters<typeof writeMiniAssembly>[0],
  ): Promise<void> {
    this.#files = writeMiniAssembly(change);
    this.#cloud = await startCloud({ port: 0, environment: {}, ...this.#files, ...options });
  }

  async stop(): Promise<void> {
    await this.#cloud?.stop();
    this.#files?.remove();
  }

  /** Sends a request over the network to the front door. */
  get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    return fetch(this.cloud.url + path, { headers, redirect: 'manual' });
  }

  post(
    path: string,
    body: string | Uint8Array<ArrayBuffer>,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    return fetch(this.cloud.url + path, { method: 'POST', headers, body, redirect: 'manual' });
  }
}

/** Starts the mini cloud before the tests of a file and stops it after them. */
export function useMiniCloud(
  options: Partial<CloudOptions> = {},
  change?: Parameters<typeof writeMiniAssembly>[0],
): MiniCloud {
  const mini = new MiniCloud();
  beforeAll(() => mini.start(options, change));
  afterAll(() => mini.stop());
  return mini;
}
