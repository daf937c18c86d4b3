import type { Client, Configuration, KoaContextWithOIDC } from 'oidc-provider';
import { ENCRYPTION_ALGS, ENCRYPTION_ENCS, SIGNING_ALGS } from '../clients/vocabulary.ts';
import { assertDatedRequest } from './ciba.ts';
import { assertClaimsParameter } from './claims_parameter.ts';
import type { TimeLimit } from './jwt_times.ts';
import { noteSignedOfflineAccess } from './offline_access.ts';
import { assertParameterSizes } from './parameter_limits.ts';
import { assertRequestObject } from './profiles.ts';

/**
 * Pushed (RFC 9126) and signed (RFC 9101) requests, signed and encrypted responses (JARM, RFC 9701, OpenID Connect Core
 * §5.3.2, §10).
 * @param times how far ahead a request object may expire
 */
export function requestFeatures(times: TimeLimit) {
  return {
    claimsParameter: { enabled: true, assertClaimsParameter },
    encryption: { enabled: true },
    jwtIntrospection: { enabled: true },
    jwtResponseModes: { enabled: true },
    jwtUserinfo: { enabled: true },
    // RFC 9700 §4.1.3: the redirect URI of a pushed request has to be registered as well.
    pushedAuthorizationRequests: { enabled: true, allowUnregisteredRedirectUris: false },
    requestObjects: {
      enabled: true,
      async assertJwtClaimsAndHeader(
        ctx: KoaContextWithOIDC,
        claims: Record<string, unknown>,
        header: Record<string, unknown>,
        client: Client,
      ) {
        noteSignedOfflineAccess(ctx, claims);
        assertParameterSizes(claims);
        if (ctx.oidc.route === 'backchannel_authentication') assertDatedRequest(claims, times.now());
        assertRequestObject(client, claims, header, times);
      },
    },
  } satisfies Configuration['features'];
}

/** The provider signs with those of these for which there is a key. None is symmetric: there is no secret to share. */
export function algorithms() {
  const signing = [...SIGNING_ALGS];
  const encryption = [...ENCRYPTION_ALGS];
  const content = [...ENCRYPTION_ENCS];
  return {
    clientAuthSigningAlgValues: [...signing],
    requestObjectSigningAlgValues: signing,
    // The key would be derived from the client's secret, of which only the hash is stored.
    requestObjectEncryptionAlgValues: [],
    requestObjectEncryptionEncValues: [],
    idTokenSigningAlgValues: signing,
    userinfoSigningAlgValues: signing,
    introspectionSigningAlgValues: signing,
    authorizationSigningAlgValues: signing,
    idTokenEncryptionAlgValues: encryption,
    userinfoEncryptionAlgValues: encryption,
    introspectionEncryptionAlgValues: encryption,
    authorizationEncryptionAlgValues: encryption,
    idTokenEncryptionEncValues: content,
    userinfoEncryptionEncValues: content,
    introspectionEncryptionEncValues: content,
    authorizationEncryptionEncValues: content,
  } satisfies Configuration['enabledJWA'];
}
