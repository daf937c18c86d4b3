import type { Client } from 'oidc-provider';
import { type Jwk, usableFor } from '../clients/jwks.ts';

/** The provider's keys of a client, out of its metadata or from its `jwks_uri`. */
interface KeyStore extends Iterable<Jwk> {
  selectForEncrypt(options: Selection): readonly Jwk[];
  selectForVerify(options: Selection): readonly Jwk[];
}

interface Selection {
  readonly alg: string;
  readonly kid?: unknown;
}

/**
 * A client's keys are published where we have no say, and may have been taken on by an earlier version: those that jose
 * would stumble over are not chosen in the first place, so what is missing has the provider's own words for it.
 */
export function chooseUsableKeys(client: Client): void {
  const { asymmetricKeyStore: store } = client as unknown as { asymmetricKeyStore: KeyStore };
  const usable = ({ alg, kid }: Selection, isWanted: (key: Jwk) => boolean): Jwk[] =>
    ([...store] as Jwk[])
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
