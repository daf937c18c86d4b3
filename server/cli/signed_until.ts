import { COOKIE_RING } from '../../keys/jwks.ts';
import { signedLifetimes } from '../config.ts';
import type { Context } from './context.ts';

/** The latest expiry of a JWT that has been signed so far; each key remembers the lifetimes that it signed with. */
export async function signedUntil({ config, now, keyRing }: Context): Promise<Date> {
  const keys = (await (await keyRing()).list()).filter(
    ({ ring, state }) => ring !== COOKIE_RING && state !== 'retired',
  );
  const seconds = Math.max(signedLifetimes(config).tokens, ...keys.map((key) => key.signsForSeconds));
  return new Date(now() + 1_000 * seconds);
}
