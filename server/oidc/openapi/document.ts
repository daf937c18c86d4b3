import { METHODS, type Method, type OpenApi, type PathItem, templateOf } from '../../platform/openapi.ts';
import { AUTHORIZATION_PATHS } from './authorization.ts';
import { DOCUMENT_PATHS } from './documents.ts';
import { KNOWN_TOKEN_PATHS } from './known_tokens.ts';
import { REGISTRATION_PATHS } from './registration.ts';
import { RESPONSES } from './responses.ts';
import { SCHEMAS } from './schemas.ts';
import { SESSION_PATHS } from './sessions.ts';
import { TOKEN_PATHS } from './token.ts';

const PATHS: Readonly<Record<string, PathItem>> = {
  ...AUTHORIZATION_PATHS,
  ...TOKEN_PATHS,
  ...KNOWN_TOKEN_PATHS,
  ...SESSION_PATHS,
  ...REGISTRATION_PATHS,
  ...DOCUMENT_PATHS,
};

const TAGS = [
  { name: 'authorization', description: 'Sign a person in, and ask them for consent.' },
  { name: 'tokens', description: 'Get tokens, ask about them, revoke them.' },
  { name: 'sign-out', description: 'End the session of a person.' },
  { name: 'registration', description: 'Clients that register themselves.' },
  { name: 'documents', description: 'What programs read about this server.' },
  { name: 'operation', description: 'Health, descriptions and error codes.' },
];

const DESCRIPTION = `The OAuth 2.x and OpenID Connect endpoints. Each path also responds to OPTIONS where scripts of other origins may call it, and each document to HEAD.

Requests to endpoints are forms; of parameters that are sent twice only \`resource\` is allowed. Each response has the header \`X-Request-Id\`, which the log of the server explains.`;

export interface DocumentOptions {
  /** The identifier of the server, which paths are below. */
  readonly issuer: string;
  readonly version: string;
  /** Default: everything; a server leaves out what its settings switch off. @param path as Fastify writes it */
  has?(method: Method, path: string): boolean;
}

/** The description of all endpoints that are not the admin API. */
export function oauthDocument({ issuer, version, has = () => true }: DocumentOptions): OpenApi {
  const paths = Object.entries(PATHS).flatMap(([path, item]) => {
    const there = METHODS.filter((method) => item[method] && has(method, path));
    return there.length === 0
      ? []
      : [[templateOf(path), Object.fromEntries(there.map((method) => [method, item[method]]))] as const];
  });
  return {
    openapi: '3.1.1',
    info: { title: 'Cardea: OAuth and OpenID Connect', version, description: DESCRIPTION },
    servers: [{ url: issuer }],
    tags: TAGS,
    paths: Object.fromEntries(paths),
    components: { schemas: SCHEMAS, responses: RESPONSES, securitySchemes: SECURITY_SCHEMES },
  };
}

const SECURITY_SCHEMES = {
  client_secret_basic: {
    type: 'http',
    scheme: 'basic',
    description: 'The id and the secret of the client, each form-encoded (RFC 6749 section 2.3.1).',
  },
  client_certificate: {
    type: 'mutualTLS',
    description: 'The certificate of the client (RFC 8705), with its `client_id` in the form.',
  },
  bearer: {
    type: 'http',
    scheme: 'bearer',
    description: 'A token in the Authorization header (RFC 6750 section 2.1).',
  },
  dpop: {
    type: 'http',
    scheme: 'DPoP',
    description: 'A token that is bound to a key, with a proof in the header DPoP (RFC 9449).',
  },
} as const;
