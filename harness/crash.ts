import { vi } from 'vitest';

export type Call = {
  constructor: { name: string };
  input: { Key?: { sk: string }; Item?: { sk: string } };
};

/** A client of AWS as far as its calls can be watched. */
interface Client {
  send(...args: never[]): unknown;
}

/** A process that dies at one of its calls of the table, or of other services, before or after the call is done. */
export class Crash {
  #isTheOne: (call: Call) => boolean = () => false;
  #isAfter = false;
  #fails: (call: Call) => boolean = () => false;
  isDead = false;
  /** What happens elsewhere before a call is made. */
  beforeCall: (call: Call) => Promise<void> = async () => undefined;

  /** Dies at the call number `at` from now on. */
  arm(at: number, isAfter: boolean): void {
    let left = at;
    this.armOn(() => --left === 0, isAfter);
  }

  /** Dies at the next call that is the one. */
  armOn(isTheOne: (call: Call) => boolean, isAfter: boolean): void {
    this.#isTheOne = isTheOne;
    this.#isAfter = isAfter;
    this.isDead = false;
  }

  /** Lets the table fail at calls from now on, without ending the process. */
  failOn(fails: (call: Call) => boolean): void {
    this.#fails = fails;
  }

  /** The next process: nothing kills it unless it is armed, and no call fails. */
  revive(): void {
    this.armOn(() => false, false);
    this.failOn(() => false);
  }

  /** Watches the calls of the table. */
  async watch(): Promise<void> {
    const { tableClient } = await import('../shared/table/table.ts');
    this.watchClient(tableClient);
  }

  /** Watches the calls of another client too. */
  watchClient(client: Client): void {
    const send = client.send.bind(client) as (command: unknown) => Promise<unknown>;
    vi.spyOn(client, 'send').mockImplementation((async (command: Call) => {
      if (this.isDead) throw new Error('This process is dead');
      await this.beforeCall(command);
      if (this.#fails(command)) throw new Error('The table is throttled');
      if (!this.#isTheOne(command)) return send(command);
      this.isDead = true;
      if (this.#isAfter) await send(command);
      throw new Error('This process has died');
    }) as typeof client.send);
  }
}
