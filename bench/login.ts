import bcrypt from '@node-rs/bcrypt';
import { hashPassword } from '../shared/identity/passwords.ts';
import { newMember } from './members.ts';
import { bundleAside, call, type Handler, loadBundle, startSurroundings } from './product.ts';
import { type Benchmark, result } from './result.ts';
import { inMs, timeInTurns } from './statistics.ts';

/** What sign-in adds to its one password hash, and whether its time tells which emails exist. */
export const benchmark: Benchmark = async (tell) => {
  const surroundings = await startSurroundings();
  const bundles = await bundleAside('login', ['auth/login']);
  const login = loadBundle<Handler>(bundles[0]);
  const { email, password } = await newMember();
  const hash = await hashPassword(password);
  const attempt = (body: { email: string; password: string }, status: number) =>
    call(login, 'auth/login', { body }, status);

  const times = await timeInTurns(
    {
      bcrypt: () => bcrypt.verify(password, hash),
      login: () => attempt({ email, password }, 200),
      wrongPassword: () => attempt({ email, password: 'another horse battery' }, 401),
      unknownUser: () => attempt({ email: 'nobody@example.com', password }, 401),
    },
    { warmUp: 4, measured: 50 },
    tell,
  );
  surroundings.stop();

  const { login: signedIn, wrongPassword, unknownUser } = times;
  return [
    result(
      'login against one bcrypt-12 verify, p50',
      signedIn / times.bcrypt,
      'ratio',
      1.05,
      `${inMs(signedIn)} against ${inMs(times.bcrypt)}`,
      'two round trips around the hash, which wait longer on a busy machine',
    ),
    result(
      'unknown user against wrong password, difference of p50',
      100 * Math.abs(unknownUser / wrongPassword - 1),
      '%',
      5,
      `${inMs(unknownUser)} against ${inMs(wrongPassword)}`,
    ),
  ];
};
