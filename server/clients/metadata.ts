import { invalidInput } from '../platform/errors.ts';
import { createChecks } from '../platform/faults.ts';
import { type ClientMetadata, COMPLETED, type MetadataInput, OPTIONAL } from './metadata_fields.ts';
import { checkRules } from './metadata_rules.ts';
import type { Reader } from './readers.ts';
import { kindOfUri } from './uris.ts';
import { GRANT_TYPES, type GrantType, RESPONSE_TYPES, type ResponseTypeName, rowOf, wordsOf } from './vocabulary.ts';

export type { ClientMetadata, MetadataInput } from './metadata_fields.ts';

export const DEFAULT_SCOPE = 'openid profile email phone address offline_access';

const READERS: Readonly<Record<string, Reader<unknown>>> = { ...COMPLETED, ...OPTIONAL };

/**
 * Checks and completes client metadata. An unknown field is refused, so that no unchecked value is stored and no typing
 * error becomes a default.
 * @throws AppError 400 `invalid_input` with all wrong fields, or else that of the first rule that they break together
 */
export function checkMetadata(input: MetadataInput): ClientMetadata {
  const metadata = complete(read(input));
  checkRules(metadata);
  return metadata;
}

function read(input: MetadataInput): Partial<ClientMetadata> {
  const checks = createChecks();
  const given = Object.entries(input).map(([field, value]) => {
    const reader = Object.hasOwn(READERS, field) ? READERS[field] : undefined;
    if (!reader) throw invalidInput(field, 'is not supported');
    return [field, value === undefined ? undefined : checks.run(() => reader(field, value))] as const;
  });
  checks.end();
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

/** Each default depends on the values before it. */
function complete(given: Partial<ClientMetadata>): ClientMetadata {
  const redirect_uris = given.redirect_uris ?? [];
  const post_logout_redirect_uris = given.post_logout_redirect_uris ?? [];
  const token_endpoint_auth_method = given.token_endpoint_auth_method ?? 'client_secret_basic';
  const { isPublic = false } = rowOf.authentication(token_endpoint_auth_method);
  const grant_types = given.grant_types ?? likelyGrants({ isPublic, hasRedirect: redirect_uris.length > 0 });
  return {
    ...given,
    redirect_uris,
    post_logout_redirect_uris,
    grant_types,
    response_types: given.response_types ?? likelyResponses(grant_types),
    token_endpoint_auth_method,
    application_type: given.application_type ?? likelyApplication([...redirect_uris, ...post_logout_redirect_uris]),
    scope: given.scope ?? DEFAULT_SCOPE,
  };
}

function likelyGrants(client: { isPublic: boolean; hasRedirect: boolean }): GrantType[] {
  const types = wordsOf(GRANT_TYPES).filter((type) => {
    const { byDefault = false, confidential = false } = rowOf.grant(type);
    return byDefault && (client.hasRedirect || confidential) && !(client.isPublic && confidential);
  });
  if (types.length === 0) throw invalidInput('redirect_uris', 'a public client needs one');
  return types;
}

function likelyResponses(grants: readonly GrantType[]): ResponseTypeName[] {
  return wordsOf(RESPONSE_TYPES).filter((type) => {
    const { byDefault = false, grants: needed } = rowOf.response(type);
    return byDefault && needed.every((one) => grants.includes(one));
  });
}

/** A loopback redirect alone does not make a native app: web apps have one during development. */
function likelyApplication(redirects: readonly string[]): 'web' | 'native' {
  return redirects.some((uri) => kindOfUri(uri) === 'private-use') ? 'native' : 'web';
}
