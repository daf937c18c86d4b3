import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type Keygrip from 'keygrip';
import { errors, type Provider } from 'oidc-provider';
import { AppError } from '../platform/errors.ts';
import type { Units } from '../records/unit.ts';
import { requestedAcr } from './claims_parameter.ts';
import { missingIn } from './consent.ts';
import { interactionAt } from './ended_interactions.ts';
import { type RequestedPermissionsParts, requestedPermissions } from './requested_permissions.ts';
import type { Serving } from './serving.ts';
import { findSession } from './sessions.ts';
import { markFormRequest } from './steps/form_responses.ts';

export interface InteractionsOptions extends RequestedPermissionsParts {
  readonly issuer: URL;
  readonly serving: Serving;
  readonly units: Units;
  findClient(id: string): Promise<VisitedClient | undefined>;
  /** Where a person may go back to an app: undefined for apps that nobody at the operator's has registered. */
  wayBack(clientId: string): Promise<WayBack | undefined>;
  prepare(request: FastifyRequest): IncomingMessage;
}

export interface WayBack {
  readonly name: string;
  /** The app's own page. */
  readonly url?: string;
  /** Where it begins a sign-in. */
  readonly startUrl?: string;
}

export interface VisitedClient {
  readonly id: string;
  readonly name: string;
  readonly firstParty: boolean;
  readonly secondFactorRequired: boolean;
  readonly uri?: string;
  readonly logoUri?: string;
  readonly policyUri?: string;
  readonly tosUri?: string;
}

type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>;

interface Opened {
  readonly interaction: Interaction;
  readonly request: FastifyRequest;
  readonly raw: IncomingMessage;
  readonly reply: FastifyReply;
}

/**
 * What the sign-in pages are told of an authorization request, and how they hand back: fulfils the port that
 * `server/login` declares.
 */
export function createInteractions<Progress extends object>(options: InteractionsOptions) {
  const { serving, units, issuer } = options;
  const opened = new WeakMap<object, Opened>();

  async function signedInNow(request: FastifyRequest, reply: FastifyReply): Promise<string | undefined> {
    return (await findSession(serving.current().provider, request, reply))?.accountId;
  }

  return {
    /** Of a page whose visit cannot be opened: what became of it, and where to go on. */
    async lost(request: FastifyRequest, reply: FastifyReply, uid: string) {
      const known = await interactionAt(units.current(), uid);
      const app = known && (await units.current().trackRead(options.wayBack(known.clientId)));
      const isSignedIn = (await signedInNow(request, reply)) !== undefined;
      const hasCookie = request.cookies[serving.current().provider.cookieName('interaction')] !== undefined;
      const state = known?.ended
        ? isSignedIn && !known.ended.refused
          ? ('done' as const)
          : ('used' as const)
        : known && !hasCookie
          ? ('no_cookie' as const)
          : ('gone' as const);
      return { state, ...(app ? { app } : {}) };
    },

    /** Who has signed in in this browser since a visit began that nobody was signed in for. */
    async meanwhile(visit: object): Promise<string | undefined> {
      const { interaction, request, reply } = found(visit);
      return interaction.session?.accountId === undefined ? signedInNow(request, reply) : undefined;
    },

    async open(request: FastifyRequest, reply: FastifyReply) {
      const raw = options.prepare(request);
      const interaction = await details(serving.current().provider, raw, reply.raw);
      const { params, prompt, session, lastSubmission = {} } = interaction;
      const { visit: of, ...rest } = lastSubmission as Record<string, unknown>;
      const client = await units.current().trackRead(options.findClient(String(params.client_id)));
      if (!client) throw expired();
      const visit = {
        uid: interaction.uid,
        client,
        prompt: prompt.name,
        requestedPrompts: new Set(asText(params.prompt)?.split(' ') ?? []),
        loginHint: asText(params.login_hint),
        uiLocales: asText(params.ui_locales),
        acrValues: requestedAcr(params).values,
        signedIn: session?.accountId,
        sessionUid: session?.uid,
        // An interaction that follows another begins with that one's result: that has been judged, and was not enough.
        progress: (of === interaction.uid ? rest : {}) as Progress,
        asked: () => requestedPermissions(client.id, params, options),
        async missing(accountId: string) {
          const grantId = session?.accountId === accountId ? interaction.grantId : undefined;
          const grant = grantId === undefined ? undefined : await serving.current().provider.Grant.find(grantId);
          return missingIn(grant, await requestedPermissions(client.id, params, options));
        },
      };
      opened.set(visit, { interaction, request, raw, reply });
      return visit;
    },

    async remember(visit: object, progress: Progress): Promise<void> {
      const { interaction } = found(visit);
      // By itself it signs nobody in: the provider looks at `result` alone.
      interaction.lastSubmission = { ...progress, visit: interaction.uid } as Record<string, unknown>;
      await interaction.persist();
      await units.current().commit();
    },

    /**
     * Stores the outcome and goes on with the authorization request in the same unit of work, instead of sending the
     * browser round by the resume URL: one transaction, one redirect less, and no moment at which a finished sign-in
     * lies about unused.
     */
    async finish(visit: object, outcome: object): Promise<void> {
      const { interaction, request, raw, reply } = found(visit);
      const { provider, handle } = serving.current();
      interaction.result = { ...outcome };
      const moved = await movedSession(found(visit));
      await interaction.persist();
      reply.hijack();
      for (const [name, value] of Object.entries(reply.getHeaders())) {
        if (value !== undefined) reply.raw.setHeader(name, value);
      }
      const resuming = resumed(raw, interaction, provider, moved);
      markFormRequest(resuming, request.form);
      await handle(resuming, reply.raw);
    },
  };

  function found(visit: object) {
    const entry = opened.get(visit);
    if (!entry) throw new Error('a visit that was not opened here');
    return entry;
  }

  /**
   * A sign-in in another tab gives the session of the browser a new id. What was sent from this tab at the same time still
   * has the old one, and goes on in that session if it proved to be the same person.
   * @returns the new id, where there is one
   */
  async function movedSession({ interaction, request, reply }: Opened): Promise<string | undefined> {
    const { session: begun, result } = interaction;
    if (begun?.uid === undefined || result?.login === undefined) return undefined;
    const { provider } = serving.current();
    if (await findSession(provider, request, reply)) return undefined;
    const session = await provider.Session.findByUid(begun.uid);
    return session?.accountId === result.login.accountId ? session.jti : undefined;
  }

  /**
   * The request that the browser would have sent to the resume URL, with the cookies that it would have sent there.
   * @param sessionId in place of the one that the browser sent
   */
  function resumed(
    request: IncomingMessage,
    { uid, returnTo }: Interaction,
    provider: Provider,
    sessionId?: string,
  ): IncomingMessage {
    const keys = provider.keys as unknown as Keygrip;
    const signed = (kind: 'resume' | 'session', value: string) => {
      const text = `${provider.cookieName(kind)}=${value}`;
      return [text, `${provider.cookieName(kind)}.sig=${keys.sign(text)}`];
    };
    // In front: of two cookies of one name the first counts, and the other may have been planted.
    const cookies = [...signed('resume', uid), ...(sessionId === undefined ? [] : signed('session', sessionId))];
    const cookie = [...cookies, request.headers.cookie].filter(Boolean).join('; ');
    // Of a device it is another than of an authorization request.
    const { pathname } = new URL(returnTo);
    return Object.create(request, {
      method: { value: 'GET' },
      url: { value: pathname },
      originalUrl: { value: pathname },
      headers: { value: { ...request.headers, cookie, host: issuer.host } },
    });
  }
}

async function details(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<Interaction> {
  try {
    return await provider.interactionDetails(request, response);
  } catch (error) {
    if (error instanceof errors.SessionNotFound) throw expired();
    throw error;
  }
}

function expired(): AppError {
  return new AppError('interaction_expired', 'this sign-in has expired; go back to the app and start again');
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
