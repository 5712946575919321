import type { Endpoint } from '../../shared/contract/endpoint.ts';
import { type AnswerOf, download, type InputOf, send } from './http.ts';
import { isWithoutSubscription, NoSubscriptionError } from './problem.ts';
import type { Session } from './session.ts';

/** The input, which may be left out where nothing in it must be there. */
type Input<E extends Endpoint> =
  object extends InputOf<E> ? [input?: InputOf<E>] : [input: InputOf<E>];

/**
 * The API as the contract has it: a page imports the entry of an endpoint and calls it by that. In
 * the browser an entry is its method, its path and who may call it (`infra/web-contract.ts`).
 */
export interface Api {
  /** Calls an endpoint, as the signed-in user where it wants one. Throws an ApiError. */
  call<E extends Endpoint>(endpoint: E, ...input: Input<E>): Promise<AnswerOf<E>>;
  /** Fetches the file that an endpoint answers with. Throws an ApiError, also when it breaks off. */
  download<E extends Endpoint>(endpoint: E, ...input: Input<E>): Promise<Blob>;
}

/**
 * The API for the user of a session. `onNoSubscription` hears of answers that the tenant has no active
 * subscription; whoever called then gets a NoSubscriptionError.
 */
export function createApi(session: Session, onNoSubscription: () => void = () => {}): Api {
  async function authorized<R>(
    { access }: Endpoint,
    request: (token?: string) => Promise<R>,
  ): Promise<R> {
    if (access.kind !== 'bearer') return request();
    try {
      return await session.run(request);
    } catch (error) {
      if (!isWithoutSubscription(error)) throw error;
      onNoSubscription();
      throw new NoSubscriptionError();
    }
  }
  return {
    call: <E extends Endpoint>(endpoint: E, ...[input]: Input<E>) =>
      authorized(endpoint, (token) => send(endpoint, input ?? ({} as InputOf<E>), token)),
    download: <E extends Endpoint>(endpoint: E, ...[input]: Input<E>) =>
      authorized(endpoint, (token) => download(endpoint, input ?? ({} as InputOf<E>), token)),
  };
}
