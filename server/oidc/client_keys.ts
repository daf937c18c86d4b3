import type { Client } from 'oidc-provider';
import { type Jwk, usableFor } from '../clients/jwks.ts';
import { clientKeysOf, type KeySelection } from './seams.ts';

/**
 * A client publishes its keys itself, so some may be ones that jose fails on. Those are never selected, and the provider
 * reports a missing key in its own words.
 */
export function chooseUsableKeys(client: Client): void {
  const store = clientKeysOf(client);
  const usable = ({ alg, kid }: KeySelection, matches: (key: Jwk) => boolean): Jwk[] =>
    [...store]
      .filter((key) => (kid === undefined || kid === key.kid) && matches(key))
      .map((key) => usableFor(key, alg))
      .filter((key) => key !== undefined);
  store.selectForVerify = (selection) => usable(selection, () => true);
  // A key that is marked for encryption comes before one without a mark (RFC 7517 §4.2).
  store.selectForEncrypt = (selection) => [
    ...usable(selection, ({ use }) => use !== undefined),
    ...usable(selection, ({ use }) => use === undefined),
  ];
}
