import { importJWK, jwtVerify } from 'jose';
import { newMember } from './members.ts';
import {
  type Authorizer,
  authorizerEvent,
  bundleAside,
  loadBundle,
  startSurroundings,
} from './product.ts';
import { type Benchmark, result } from './result.ts';
import { inMs, timeInTurns } from './statistics.ts';

/** What the authorizer adds to the one verification that nobody can save. */
export const benchmark: Benchmark = async (tell) => {
  const surroundings = await startSurroundings();
  const bundles = await bundleAside('authorizer', ['authorizer']);
  const authorizer = loadBundle<Authorizer>(bundles[0]);
  const { access_token: token } = await newMember();
  const event = authorizerEvent(token);
  const [published] = surroundings.verificationKeys;
  if (!published) throw new Error('No key is published');
  const key = await importJWK(published.jwk, published.alg);

  const times = await timeInTurns(
    { authorizer: () => authorizer(event), bare: () => jwtVerify(token, key) },
    { warmUp: 3000, measured: 10_000 },
    tell,
  );
  surroundings.stop();

  return [
    result(
      'authorizer against a bare jose verify, warm p50',
      times.authorizer / times.bare,
      'ratio',
      1.5,
      `${inMs(times.authorizer)} against ${inMs(times.bare)}`,
    ),
  ];
};
