import type { Client } from 'oidc-provider';
import { type Jwk, usableFor } from '../clients/jwks.ts';
import { clientKeysOf, type KeySelection } from './seams.ts';

/**
 * A client's keys are published where we have no say, and may have been taken on by an earlier version: those that jose
 * would stumble over are not chosen in the first place, so what is missing has the provider's own words for it.
 */
export function chooseUsableKeys(client: Client): void {
  const store = clientKeysOf(client);
  const usable = ({ alg, kid }: KeySelection, isWanted: (key: Jwk) => boolean): Jwk[] =>
    [...store]
      .filter((key) => (kid === undefined || kid === key.kid) && isWanted(key))
      .map((key) => usableFor(key, alg))
      .filter((key) => key !== undefined);
  store.selectForVerify = (selection) => usable(selection, () => true);
  // One that is marked as for encryption comes before one that is for anything.
  store.selectForEncrypt = (selection) => [
    ...usable(selection, ({ use }) => use !== undefined),
    ...usable(selection, ({ use }) => use === undefined),
  ];
}
