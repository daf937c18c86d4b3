import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type Keygrip from 'keygrip';
import { errors, type Grant, type Provider } from 'oidc-provider';
import { isEmpty, type Permissions } from '../clients/permissions.ts';
import { AppError } from '../platform/errors.ts';
import type { Issuer } from '../platform/issuer.ts';
import type { Interactions, Visit } from '../ports/interactions.ts';
import type { Units } from '../records/unit.ts';
import type { App } from '../views/views.ts';
import { requestedAcr } from './claims_parameter.ts';
import { missingIn } from './consent.ts';
import { interactionAt } from './ended_interactions.ts';
import { withoutOptionalOfflineAccess } from './offline_access.ts';
import { type RequestedPermissionsParts, requestedPermissions } from './requested_permissions.ts';
import type { Serving } from './serving.ts';
import { findSession } from './sessions.ts';
import { markFormRequest } from './steps/form_responses.ts';

export interface InteractionsOptions extends RequestedPermissionsParts {
  readonly issuer: Issuer;
  readonly serving: Serving;
  readonly units: Units;
  /** @param redirectUri to which the answer goes */
  findClient(id: string, redirectUri?: string): Promise<App | undefined>;
  /** Links back to an app, for apps that the operator has registered. */
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

type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>;

interface Opened {
  readonly interaction: Interaction;
  readonly request: FastifyRequest;
  readonly raw: IncomingMessage;
  readonly reply: FastifyReply;
}

/** Gives the sign-in pages an authorization request and continues it when they are done: the port of `server/login`. */
export function createInteractions<Progress extends object, Result extends object>(
  options: InteractionsOptions,
): Interactions<Progress, Result> {
  const { serving, units, issuer } = options;
  const opened = new WeakMap<object, Opened>();

  async function signedInNow(request: FastifyRequest, reply: FastifyReply): Promise<string | undefined> {
    return (await findSession(serving.current().provider, request, reply))?.accountId;
  }

  return {
    async lost(request, reply, uid) {
      const stored = await interactionAt(units.current(), uid);
      const app = stored && (await units.current().trackRead(options.wayBack(stored.clientId)));
      const isSignedIn = (await signedInNow(request, reply)) !== undefined;
      const hasCookie = request.cookies[serving.current().provider.cookieName('interaction')] !== undefined;
      const state = stored?.ended
        ? isSignedIn && !stored.ended.refused
          ? ('done' as const)
          : ('used' as const)
        : stored && !hasCookie
          ? ('no_cookie' as const)
          : ('gone' as const);
      return { state, ...(app ? { app } : {}) };
    },

    async signedInSince(visit) {
      const { interaction, request, reply } = openedVisit(visit);
      return interaction.session?.accountId === undefined ? signedInNow(request, reply) : undefined;
    },

    async open(request, reply) {
      const raw = options.prepare(request);
      const interaction = await details(serving.current().provider, raw, reply.raw);
      const { params, prompt, session, lastSubmission = {} } = interaction;
      const { visit: visitUid, ...stored } = lastSubmission as Record<string, unknown>;
      const client = await units
        .current()
        .trackRead(options.findClient(String(params.client_id), asText(params.redirect_uri)));
      if (!client) throw expired();
      const visit: Visit<Progress> = {
        uid: interaction.uid,
        client,
        prompt: prompt.name,
        requestedPrompts: new Set(asText(params.prompt)?.split(' ') ?? []),
        loginHint: asText(params.login_hint),
        uiLocales: asText(params.ui_locales),
        acrValues: requestedAcr(params).values,
        signedIn: session?.accountId,
        sessionUid: session?.uid,
        // An interaction that follows another starts with that one's result, which has proved not to be enough.
        progress: (visitUid === interaction.uid ? stored : {}) as Progress,
        requested: () => requestedPermissions(client.id, params, options),
        missing: (accountId) => missingFor(interaction, client.id, accountId),
        async allowedSince(accountId) {
          const { iat } = (await grantOf(interaction, accountId)) ?? {};
          return iat === undefined ? undefined : new Date(iat * 1_000);
        },
        async mustAsk(accountId) {
          const missing = await missingFor(interaction, client.id, accountId);
          const asking = { isDevice: interaction.deviceCode !== undefined, prompt: params.prompt };
          return !isEmpty(withoutOptionalOfflineAccess(missing, asking));
        },
      };
      opened.set(visit, { interaction, request, raw, reply });
      return visit;
    },

    async remember(visit, progress) {
      const { interaction } = openedVisit(visit);
      // The provider signs in by `result` alone, so progress alone does not sign in.
      interaction.lastSubmission = { ...progress, visit: interaction.uid } as Record<string, unknown>;
      await interaction.persist();
      await units.current().commit();
    },

    /**
     * Stores the result and continues the authorization request in the same unit of work, instead of redirecting the
     * browser to the resume URL: one transaction, one redirect less, and no finished sign-in is stored before it is used.
     */
    async finish(visit, result: object) {
      const { interaction, request, raw, reply } = openedVisit(visit);
      const { provider, handle } = serving.current();
      interaction.result = { ...result };
      const newSessionId = await movedSession(openedVisit(visit));
      await interaction.persist();
      reply.hijack();
      for (const [name, value] of Object.entries(reply.getHeaders())) {
        if (value !== undefined) reply.raw.setHeader(name, value);
      }
      const resumeRequest = resumed(raw, interaction, provider, newSessionId);
      markFormRequest(resumeRequest, request.form);
      await handle(resumeRequest, reply.raw);
    },
  };

  async function grantOf({ session, grantId }: Interaction, accountId: string): Promise<Grant | undefined> {
    if (session?.accountId !== accountId || grantId === undefined) return undefined;
    return serving.current().provider.Grant.find(grantId);
  }

  async function missingFor(interaction: Interaction, clientId: string, accountId: string): Promise<Permissions> {
    const requested = await requestedPermissions(clientId, interaction.params, options);
    return missingIn(await grantOf(interaction, accountId), { ...requested, details: [] });
  }

  function openedVisit(visit: object): Opened {
    const entry = opened.get(visit);
    if (!entry) throw new Error('this visit was not opened by `open`');
    return entry;
  }

  /**
   * A sign-in in another tab gives the browser's session a new id. A request that this tab sent at the same time still has
   * the old id, and continues in that session if the same person has signed in here.
   * @returns the new id, if there is one
   */
  async function movedSession({ interaction, request, reply }: Opened): Promise<string | undefined> {
    const { session: initial, result } = interaction;
    if (initial?.uid === undefined || result?.login === undefined) return undefined;
    const { provider } = serving.current();
    if (await findSession(provider, request, reply)) return undefined;
    const session = await provider.Session.findByUid(initial.uid);
    return session?.accountId === result.login.accountId ? session.jti : undefined;
  }

  /**
   * The request that the browser would have sent to the resume URL, with the cookies for that path.
   * @param sessionId replaces the one that the browser sent
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
    // Put first: of two cookies with the same name the first counts, and another site may have set the browser's.
    const cookies = [...signed('resume', uid), ...(sessionId === undefined ? [] : signed('session', sessionId))];
    const cookie = [...cookies, request.headers.cookie].filter(Boolean).join('; ');
    // The path of a device's request differs from that of an authorization request.
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
