import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { AuditEntry, Changes } from '../audit/entries.ts';
import type { Client } from '../clients/client.ts';
import { applyChange } from '../clients/managed.ts';
import { checkPublishedKeys } from '../clients/needed_keys.ts';
import type { ServerPolicy } from '../clients/profiles.ts';
import type { RegistrationPolicy } from '../clients/registration_policy.ts';
import type { RegistrationToken, RegistrationTokens } from '../clients/registration_tokens.ts';
import type { Registrations, TellRemoved } from '../clients/registrations.ts';
import { checkSector } from '../clients/sector_identifier.ts';
import { objectOf, readSelfDescription } from '../clients/self_registration.ts';
import type { Clients } from '../clients/store.ts';
import type { Clock } from '../platform/clock.ts';
import { EXPOSED_HEADERS, respondToOptions } from '../platform/cors.ts';
import type { BoundStatement } from '../platform/db.ts';
import { AppError } from '../platform/errors.ts';
import type { Limit } from '../platform/limit.ts';
import { shareOfAddress } from '../platform/limits.ts';
import type { Outbound, OutboundTurn } from '../platform/outbound.ts';
import { PATHS } from '../views/paths.ts';
import { describeRegistered, type Registered, sendError } from './responses.ts';

export interface RegistrationOptions {
  /** URL of the registration endpoint. */
  readonly endpoint: string;
  /** `token`: registration needs an initial access token; `open`: it does not. */
  readonly mode: 'token' | 'open';
  /** The policy for registration without an initial access token. */
  readonly openPolicy: RegistrationPolicy;
  readonly clients: Clients;
  /** The profile and the algorithms that this server supports. */
  readonly serverPolicy: ServerPolicy;
  readonly registrations: Registrations;
  readonly tokens: RegistrationTokens;
  /** By address. */
  readonly limit: Limit;
  readonly outbound: Outbound;
  readonly now: Clock;
  /** The entry of a client that manages itself. */
  entry(
    request: FastifyRequest,
    action: 'clients.register' | 'clients.update_own' | 'clients.delete_own',
    about: Pick<AuditEntry, 'outcome' | 'changes'> & { readonly id: string },
  ): BoundStatement;
  tellRemoved(requestId: string): TellRemoved;
  /**
   * Counts a registration without a token, and what it stores.
   * @throws AppError 429 when the address has stored too much, 503 when there are too many in all
   */
  admit(address: string, bytes: number): void;
  /**
   * The metadata with the claims of its software statement (RFC 7591 §2.3).
   * @throws AppError 400 `invalid_software_statement` or `unapproved_software_statement`
   */
  claimsOf(body: Readonly<Record<string, unknown>>): Promise<Readonly<Record<string, unknown>>>;
}

type Handler = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>;

/** RFC 6750 §2.1 */
const BEARER = /^bearer +([A-Za-z0-9\-._~+/]+=*) *$/i;

/** Dynamic client registration (RFC 7591) and its management (RFC 7592). */
export async function registrationRoutes(app: FastifyInstance, options: RegistrationOptions): Promise<void> {
  const { endpoint, clients, registrations, tokens, limit } = options;

  app.addHook('onRequest', async (request, reply) => {
    // Apps in browsers register from any origin; cookies are not used here.
    reply.header('access-control-allow-origin', '*').header('access-control-expose-headers', EXPOSED_HEADERS);
    if (request.method !== 'OPTIONS') await limit.assertAllowed(request.ip);
  });

  const handled =
    (handle: Handler): Handler =>
    async (request, reply) => {
      try {
        return await handle(request, reply);
      } catch (error) {
        if (error instanceof AppError && error.status === 401) await limit.count(request.ip);
        return sendError(reply, error);
      }
    };
  const respond = (reply: FastifyReply, status: number, registered: Registered) =>
    reply.code(status).send(describeRegistered(registered, endpoint));

  const config = { oauth: true } as const;
  const one = `${PATHS.registration}/:client_id`;

  app.post(
    PATHS.registration,
    { config },
    handled(async (request, reply) => {
      const { policy, token } = await authorize(request);
      await limit.count(request.ip);
      if (!token) options.admit(request.ip, JSON.stringify(request.body ?? null).length);
      const body = objectOf(request.body, 'the request');
      const description = readSelfDescription(await options.claimsOf(body), policy, options);
      const turn: OutboundTurn = { chosenBy: 'stranger', share: shareOfAddress(request.ip) };
      await checkSector(description.metadata, options.outbound, turn);
      await checkPublishedKeys(description.metadata, options.outbound, turn);
      const provided = token && tokens.use(token.id);
      const { name, metadata } = description;
      const changes = { name: { after: name }, ...changedFields({}, metadata) };
      const made = await registrations.register({
        description,
        policy,
        address: request.ip,
        provided,
        tell: (id, outcome) => options.entry(request, 'clients.register', { id, outcome, changes }),
        tellRemoved: options.tellRemoved(request.id),
      });
      const { software_statement: statement } = body;
      const softwareStatement = typeof statement === 'string' ? statement : undefined;
      return respond(reply, 201, { ...made, softwareStatement });
    }),
  );

  app.get(
    one,
    { config, exposeHeadRoute: false },
    handled(async (request, reply) => {
      const { client, managementToken } = await managed(request);
      return respond(reply, 200, { client, managementToken });
    }),
  );

  app.put(
    one,
    { config },
    handled(async (request, reply) => {
      const { client, policy, managementToken } = await managed(request);
      const change = await applyChange(client, policy, objectOf(request.body, 'the request'), options);
      const changes = changedFields(client.metadata, change.metadata ?? {});
      const entry = options.entry(request, 'clients.update_own', { id: client.id, outcome: 'done', changes });
      return respond(reply, 200, { ...(await clients.update(client.id, change, [entry])), managementToken });
    }),
  );

  app.delete(
    one,
    { config },
    handled(async (request, reply) => {
      const { client } = await managed(request);
      await clients.remove(client.id, [
        options.entry(request, 'clients.delete_own', { id: client.id, outcome: 'done' }),
      ]);
      return reply.code(204).send();
    }),
  );

  for (const [url, methods] of [
    [PATHS.registration, ['POST']],
    [one, ['GET', 'PUT', 'DELETE']],
  ] as const) {
    app.options(url, { config }, async (request, reply) => respondToOptions(request, reply, methods));
  }

  /** RFC 7591 §3: the initial access token determines what may be registered; without one, the open policy does. */
  async function authorize(
    request: FastifyRequest,
  ): Promise<{ policy: RegistrationPolicy; token?: RegistrationToken }> {
    const presented = bearerOf(request);
    if (presented === undefined) {
      if (options.mode === 'open') return { policy: options.openPolicy };
      throw new AppError('missing_token', 'an initial access token is needed to register');
    }
    const token = await tokens.find(presented);
    if (!token) throw new AppError('invalid_token', 'the initial access token is not valid, or is used up');
    return { policy: token.policy, token };
  }

  /** RFC 7592 §2: 401 both for a removed client and for a token of another client. */
  async function managed(
    request: FastifyRequest,
  ): Promise<{ client: Client; policy: RegistrationPolicy; managementToken: string }> {
    const managementToken = bearerOf(request);
    if (managementToken === undefined) {
      throw new AppError('missing_token', 'the registration access token is needed');
    }
    const { client_id: id } = request.params as { client_id: string };
    const registered = await registrations.findManaged(id, managementToken);
    if (!registered) throw new AppError('invalid_token', 'the registration access token is not valid');
    return { ...registered, managementToken };
  }
}

/** The fields of metadata that differ. None of them is secret. */
function changedFields(before: object, after: object): Changes {
  const fields = new Map<string, { before?: unknown; after?: unknown }>();
  for (const [name, value] of Object.entries(before)) fields.set(name, { before: value });
  for (const [name, value] of Object.entries(after)) fields.set(name, { ...fields.get(name), after: value });
  const differs = ({ before: one, after: other }: { before?: unknown; after?: unknown }) =>
    JSON.stringify(one) !== JSON.stringify(other);
  return Object.fromEntries([...fields].filter(([, change]) => differs(change)));
}

/** A malformed token counts as an invalid token, not as none: the sender wanted to register with one. */
function bearerOf({ headers }: FastifyRequest): string | undefined {
  const { authorization = '' } = headers;
  return BEARER.exec(authorization)?.[1] ?? (/^bearer\b/i.test(authorization) ? '' : undefined);
}
