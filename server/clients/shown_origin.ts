import type { Client } from './client.ts';
import { hostOf } from './registration_policy.ts';
import { kindOfUri } from './uris.ts';

/**
 * Where an app that the operator does not know is: its name proves nothing, and the answer goes to its redirect URI
 * (RFC 9700 §4.11, RFC 8252 §8.6).
 */
export interface ShownOrigin {
  /** Its address on the web: the one that it has proved, or the operator's `client_uri`. */
  readonly uri?: string;
  /** The answer goes to a program on the person's device: by the scheme that it handles, or to a port. */
  readonly device?: { readonly scheme?: string };
}

type Described = Pick<Client, 'id' | 'kind' | 'metadata'>;

/** @param redirectUri of the authorization request, which the provider has checked; undefined in lists of apps */
export function shownOrigin({ id, kind, metadata }: Described, redirectUri?: string): ShownOrigin {
  if (kind === 'operator') return metadata.client_uri === undefined ? {} : { uri: metadata.client_uri };
  const uris = redirectUri === undefined ? metadata.redirect_uris : [redirectUri];
  const device = commonDevice(uris);
  const uri = kind === 'document' ? id : commonOrigin(uris);
  return {
    ...(uri === undefined ? {} : { uri }),
    // The document of an app on devices proves who describes it, and not which program gets the answer.
    ...(device === undefined ? {} : { device }),
  };
}

/** The pages that an app names, and the hosts of those that it has not proved to be its own. */
export interface ShownPages {
  readonly policyUri?: string;
  readonly tosUri?: string;
  readonly logoUri?: string;
  readonly elsewhere?: { readonly policy?: string; readonly tos?: string; readonly logo?: string };
}

/** An impostor would name the pages of the app that it imitates (RFC 7591 §5): those are no links, and no pictures. */
export function shownPages({ id, kind, metadata }: Described): ShownPages {
  const { policy_uri, tos_uri, logo_uri, redirect_uris } = metadata;
  const own = new Set([...redirect_uris.map(hostOf), ...(kind === 'document' ? [hostOf(id)] : [])]);
  const isOwn = (uri: string) => kind === 'operator' || own.has(hostOf(uri));
  const named = [
    ['policyUri', 'policy', policy_uri],
    ['tosUri', 'tos', tos_uri],
    ['logoUri', 'logo', logo_uri],
  ] as const;
  const given = named.flatMap(([member, what, uri]) => (uri === undefined ? [] : [{ member, what, uri }]));
  const elsewhere = given.filter(({ uri }) => !isOwn(uri));
  return {
    ...Object.fromEntries(given.filter(({ uri }) => isOwn(uri)).map(({ member, uri }) => [member, uri])),
    ...(elsewhere.length === 0
      ? {}
      : { elsewhere: Object.fromEntries(elsewhere.map(({ what, uri }) => [what, new URL(uri).host])) }),
  };
}

/** The origin of redirect URIs on the web; undefined unless it is exactly one. */
function commonOrigin(uris: readonly string[]): string | undefined {
  const [only = '', ...others] = new Set(uris.map((uri) => (kindOfUri(uri) === 'web' ? new URL(uri).origin : '')));
  return others.length > 0 || only === '' ? undefined : only;
}

/** Undefined unless all redirect URIs are on the device; without a scheme when they have several. */
function commonDevice(uris: readonly string[]): { scheme?: string } | undefined {
  if (uris.length === 0 || uris.some((uri) => kindOfUri(uri) === 'web')) return undefined;
  const [only = '', ...others] = new Set(uris.map((uri) => (kindOfUri(uri) === 'private-use' ? hostOf(uri) : '')));
  return others.length > 0 || only === '' ? {} : { scheme: only };
}
