import { isDeepStrictEqual } from 'node:util';
import { type AccessToken, type ClientCredentials, errors, type KoaContextWithOIDC } from 'oidc-provider';
import type { Detail, DetailsTypes } from '../clients/authorization_details.ts';

/** All that a request may ask for at once, in characters. */
const DETAILS_MAX = 10_000;

/** Rich authorization requests (RFC 9396), of the types that the operator has defined; without any there are none. */
export function richAuthorizationRequests({ detailsTypes }: { readonly detailsTypes: DetailsTypes }) {
  /** The provider has seen to it that the client is registered for the type. @throws InvalidAuthorizationDetails */
  async function validate(ctx: KoaContextWithOIDC, value: unknown): Promise<void> {
    const detail = value as Detail;
    if (String(ctx.oidc.params?.authorization_details).length > DETAILS_MAX) {
      throw invalid(`authorization_details must have at most ${DETAILS_MAX} characters`);
    }
    const misfit = detailsTypes.violation(detail);
    if (misfit !== undefined) throw invalid(`${detail.type}: ${misfit}`);
  }

  return {
    enabled: detailsTypes.names.length > 0,
    types: Object.fromEntries(detailsTypes.names.map((name) => [name, { validate }])),

    /** What a code carries is what this request has asked for, as far as the person has consented to it. */
    async authorizationDetailsForGrantSource({ oidc }: KoaContextWithOIDC) {
      const consented = (oidc.entities.Grant?.rar ?? []) as Detail[];
      const details = readDetails(oidc.params?.authorization_details).filter((one) => isAmong(consented, one));
      return details.length > 0 ? details : undefined;
    },

    /** RFC 9396 §6: never more than was consented to, and to each resource server what concerns it. */
    async authorizationDetailsForAccessToken(
      { oidc }: KoaContextWithOIDC,
      token: AccessToken | ClientCredentials,
      source: { readonly rar?: readonly unknown[] } | undefined,
    ) {
      const consented = (source?.rar ?? []) as readonly Detail[];
      const asked = oidc.params?.authorization_details;
      const details = asked === undefined ? consented : readDetails(asked);
      // Of a client alone nobody has consented to anything.
      if (!details.every((one) => isAmong(consented, one))) throw invalid('more than was consented to');
      const audience = [token.aud ?? []].flat();
      const reached = details.filter((one) => audience.some((resource) => detailsTypes.reaches(one, resource)));
      return reached.length > 0 ? reached : undefined;
    },

    async authorizationDetailsForIntrospection(_ctx: unknown, token: { readonly rar?: unknown }) {
      return token.rar;
    },
  };
}

/** @param parameter as it was sent, and checked by the provider when it was; anything else asks for nothing */
export function readDetails(parameter: unknown): Detail[] {
  if (typeof parameter !== 'string') return [];
  try {
    const details: unknown = JSON.parse(parameter);
    return Array.isArray(details) ? (details as Detail[]) : [];
  } catch {
    return [];
  }
}

function isAmong(details: readonly Detail[], one: Detail): boolean {
  return details.some((other) => isDeepStrictEqual(other, one));
}

function invalid(why: string): Error {
  return new errors.InvalidAuthorizationDetails(why);
}
