import { isDeepStrictEqual } from 'node:util';
import { type AccessToken, type ClientCredentials, errors, type KoaContextWithOIDC } from 'oidc-provider';
import type { Detail, DetailsTypes } from '../clients/authorization_details.ts';

/** The longest `authorization_details` of a request, in characters. */
const DETAILS_MAX = 10_000;

/** Rich authorization requests (RFC 9396) of the types that the operator has defined. */
export function richAuthorizationRequests({ detailsTypes }: { readonly detailsTypes: DetailsTypes }) {
  /** The provider has checked that the client is registered for the type. @throws InvalidAuthorizationDetails */
  async function validate(ctx: KoaContextWithOIDC, value: unknown): Promise<void> {
    const detail = value as Detail;
    if (String(ctx.oidc.params?.authorization_details).length > DETAILS_MAX) {
      throw invalid(`authorization_details must have at most ${DETAILS_MAX} characters`);
    }
    const violation = detailsTypes.violation(detail);
    if (violation !== undefined) throw invalid(`${detail.type}: ${violation}`);
  }

  return {
    enabled: detailsTypes.names.length > 0,
    types: Object.fromEntries(detailsTypes.names.map((name) => [name, { validate }])),

    /** A code carries the details of its own request, as far as the person has consented to them. */
    async authorizationDetailsForGrantSource({ oidc }: KoaContextWithOIDC) {
      const consented = (oidc.entities.Grant?.rar ?? []) as Detail[];
      const details = readDetails(oidc.params?.authorization_details).filter((one) => isAmong(consented, one));
      return details.length > 0 ? details : undefined;
    },

    /** RFC 9396 §6: never more than the person has consented to, and for each resource server its own details alone. */
    async authorizationDetailsForAccessToken(
      { oidc }: KoaContextWithOIDC,
      token: AccessToken | ClientCredentials,
      source: { readonly rar?: readonly unknown[] } | undefined,
    ) {
      const consented = (source?.rar ?? []) as readonly Detail[];
      const requested = oidc.params?.authorization_details;
      const details = requested === undefined ? consented : readDetails(requested);
      // For client credentials there is no consent, so no details are allowed.
      if (!details.every((one) => isAmong(consented, one))) throw invalid('more than was consented to');
      const audience = [token.aud ?? []].flat();
      const relevant = details.filter((one) => audience.some((resource) => detailsTypes.reaches(one, resource)));
      return relevant.length > 0 ? relevant : undefined;
    },

    async authorizationDetailsForIntrospection(_ctx: unknown, token: { readonly rar?: unknown }) {
      return token.rar;
    },
  };
}

/** @param parameter as it was sent. @returns no details for one that is not valid JSON, which the provider refuses */
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

function invalid(description: string): Error {
  return new errors.InvalidAuthorizationDetails(description);
}
