import type { FastifyInstance, FastifyReply, FastifyRequest, RouteShorthandOptions } from 'fastify';
import { normaliseIdentifier } from '../accounts/identifiers.ts';
import type { Csrf } from '../platform/csrf.ts';
import { AppError } from '../platform/errors.ts';
import { type Fields, redirectTo, textField } from '../platform/forms.ts';
import { originOf, type RequestOrigin } from '../platform/request_origin.ts';
import { type Admission, formRoute, type Reply } from '../views/form_pages.ts';
import { PATHS } from '../views/paths.ts';
import { consentChanges, consentStep } from './consent.ts';
import type { DeviceCookie } from './device_cookie.ts';
import { enrolStep } from './enrol.ts';
import type { InteractionResult, Interactions, Login, Progress, Visit } from './interactions.ts';
import { showLost } from './lost.ts';
import { newPasswordStep } from './new_password.ts';
import { MAX_IDENTIFIER, passwordStep } from './password.ts';
import { secondFactorStep } from './second_factor.ts';
import { selectAccountStep } from './select_account.ts';
import type { LoginParts, Step, StepContext, StepReply } from './step.ts';
import { accountIn, interactionResultOf, nextStep, type StepName } from './steps.ts';
import { textsStep } from './texts.ts';
import { unusableStep } from './unusable.ts';

const STEPS: Readonly<Record<Exclude<StepName, 'done'>, Step>> = {
  'select-account': selectAccountStep,
  password: passwordStep,
  'second-factor': secondFactorStep,
  enrol: enrolStep,
  unusable: unusableStep,
  'new-password': newPasswordStep,
  texts: textsStep,
  consent: consentStep,
};

const STEP_NAMES: readonly StepName[] = [...(Object.keys(STEPS) as Exclude<StepName, 'done'>[]), 'done'];

/** A form is valid for one step of one visit. */
const subjectOf = ({ uid }: Visit, step: StepName) => `${uid} ${step}`;

/** The person cancelled (RFC 6749 §4.1.2.1). */
const CANCELLED: InteractionResult = { error: 'access_denied', error_description: 'the person did not agree' };

export interface LoginOptions {
  readonly parts: LoginParts;
  readonly csrf: Csrf;
  readonly deviceCookie: DeviceCookie;
  readonly interactions: Interactions;
  /** Runs a handler with a unit of work of its own. */
  inUnit<T>(work: () => Promise<T>): Promise<T>;
  /** Limits on the form posts, and on reading the pages. */
  readonly limit: RouteShorthandOptions['config'];
  readonly readLimit: RouteShorthandOptions['config'];
}

/** A visit at one of its steps. */
interface Position {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly visit: Visit;
  readonly step: Exclude<StepName, 'done'>;
}

/**
 * The dispatcher. It alone decides which step a visit is at, from stored state: the URL names the visit and nothing else,
 * and a form is read only by the step that the visit is at.
 */
export async function loginRoutes(app: FastifyInstance, options: LoginOptions): Promise<void> {
  const { parts, csrf, deviceCookie, interactions, inUnit, limit, readLimit } = options;
  const { views } = parts;

  formRoute<Position>(
    app,
    {
      path: `${PATHS.login}/:uid`,
      guard: admit,
      show: async (position) => STEPS[position.step].show(await contextOf(position)),
      submit,
    },
    {
      views,
      csrf,
      limit,
      readLimit,
      localeOf,
      within: (request, reply, work) =>
        inUnit(() =>
          work().catch((error) => showLost(error, uidIn(request), { request, reply }, { interactions, views })),
        ),
    },
  );

  async function admit(request: FastifyRequest, reply: FastifyReply): Promise<Admission<Position>> {
    const visit = await openVisit(request, reply);
    const isForm = request.method === 'POST';
    if (!isForm && (await isSignedInSince(visit))) return { denied: resume(visit, {}) };
    const step = await nextStep(visit, parts);
    const sentFrom = STEP_NAMES.find((one) => csrf.isValid(subjectOf(visit, one), sentToken(request)));
    if (sentFrom !== undefined && sentFrom !== step) {
      // A form of another step was sent twice: the second one redirects to the same place as the first.
      const run = async () => (await request.form?.repeat(reply)) ?? redirectTo(reply, pathOf(visit));
      return { denied: { kind: 'delegate', run }, subject: subjectOf(visit, sentFrom) };
    }
    const subject = subjectOf(visit, step);
    if (step === 'done') return { denied: finish(request, reply, visit), subject };
    return { context: { request, reply, visit, step }, subject };
  }

  async function submit(position: Position, fields: Fields): Promise<Reply> {
    const { request, reply, visit, step } = position;
    if (fields.action !== 'cancel' && (await isSignedInSince(visit, fields))) return resume(visit, {});
    const result = await STEPS[step].submit(await contextOf(position), fields);
    // A wrong password has to cost the same statements in every case, so no stored response is looked up for it.
    if (request.form && step === 'password' && result.kind === 'page') request.form.repeatsOnFailure = false;
    switch (result.kind) {
      case 'cancel':
        return resume(visit, CANCELLED);
      case 'progress':
        return advance(request, reply, visit, result);
      default:
        return result;
    }
  }

  /**
   * Another tab of this browser has signed in since the visit began: the authorization request is judged again by that
   * session, so that the person need not type the password twice. A person who types another name is not asking for that.
   */
  async function isSignedInSince(visit: Visit, fields: Fields = {}): Promise<boolean> {
    if (visit.progress.login || visit.requestedPrompts.has('login')) return false;
    const accountId = await interactions.signedInSince(visit);
    const account = accountId === undefined ? undefined : await parts.findAccount(accountId);
    const typed = normaliseIdentifier(textField(fields, 'identifier').slice(0, MAX_IDENTIFIER));
    if (account?.standing !== 'active') return false;
    const names = [account.email, account.username].filter((name) => name !== undefined);
    return typed === '' || names.some((name) => normaliseIdentifier(name) === typed);
  }

  /** Finishes when no step is left; otherwise remembers the progress and leads to the next step. */
  async function advance(
    request: FastifyRequest,
    reply: FastifyReply,
    visit: Visit,
    { progress, content }: Extract<StepReply, { kind: 'progress' }>,
  ): Promise<Reply> {
    if (content === undefined && (await nextStep(visit, parts, progress)) === 'done') {
      return finish(request, reply, visit, progress);
    }
    await interactions.remember(visit, progress);
    return content === undefined ? { kind: 'redirect', to: pathOf(visit) } : { kind: 'page', status: 200, content };
  }

  /** Continues the authorization request with this result; the provider writes the response. */
  function resume(visit: Visit, outcome: InteractionResult): Reply {
    return { kind: 'delegate', run: () => interactions.finish(visit, outcome) };
  }

  /** Signs the person in, provided that the account is still as it was when the credentials were checked. */
  function finish(request: FastifyRequest, reply: FastifyReply, visit: Visit, progress = visit.progress): Reply {
    const run = async () => {
      const origin = originOf(request, { clientId: visit.client.id });
      if (progress.login) await rememberSignIn(request, reply, progress.login, origin);
      if (progress.consent) await noteConsent(visit, progress, origin);
      await interactions.finish(visit, interactionResultOf(visit, progress));
      if (progress.login) parts.signIns.add('done');
    };
    return { kind: 'delegate', run };
  }

  async function rememberSignIn(
    request: FastifyRequest,
    reply: FastifyReply,
    login: Login,
    origin: RequestOrigin,
  ): Promise<void> {
    const { transaction, devices, notices, personEvents } = parts;
    const account = await parts.findAccount(login.accountId);
    if (!account) throw new AppError('interaction_expired', 'this account is not available any more');
    transaction.addGuard(parts.requireEpochAtSignIn(login.accountId, login.epoch));
    const browser = devices.remember(account, {
      cookie: deviceCookie.read(request),
      visitor: origin,
      trustSeconds: login.trustDevice ? parts.trustDeviceSeconds : 0,
    });
    deviceCookie.write(reply, browser.cookie);
    transaction.addStatement(browser.bound);
    for (const statement of notices.signedIn(account, login, origin)) transaction.addStatement(statement);
    const changes = { amr: { after: login.amr }, new_browser: { after: !login.device.known } };
    transaction.addAuditLine((sessionOf) =>
      personEvents.line(account, 'sessions.begin', { ...origin, sessionId: sessionOf(account.id) }, { changes }),
    );
  }

  async function noteConsent(visit: Visit, progress: Progress, origin: RequestOrigin): Promise<void> {
    const account = await parts.findAccount(accountIn(visit, progress) ?? '');
    const { consent } = progress;
    if (!account || !consent) return;
    const about = { target: { kind: 'client', id: visit.client.id }, changes: consentChanges(consent) };
    parts.transaction.addAuditLine((sessionOf) =>
      parts.personEvents.line(account, 'apps.consent', { ...origin, sessionId: sessionOf(account.id) }, about),
    );
  }

  async function openVisit(request: FastifyRequest, reply: FastifyReply): Promise<Visit> {
    const visit = await interactions.open(request, reply);
    request.languages = visit.uiLocales ?? '';
    // The cookie names the visit; a URL that names another one is refused.
    if (visit.uid !== uidIn(request)) throw new AppError('interaction_expired', 'this sign-in has expired');
    return visit;
  }

  async function contextOf({ request, visit, step }: Position): Promise<StepContext> {
    const accountId = accountIn(visit);
    const account = accountId === undefined ? undefined : await parts.findAccount(accountId);
    request.languages = [visit.uiLocales, account?.locale].filter((one) => one !== undefined).join(' ');
    const subject = subjectOf(visit, step);
    // A page that comes back keeps its token: it is the same page, with an error.
    const sent = sentToken(request);
    const token = csrf.isValid(subject, sent) ? String(sent) : csrf.tokenFor(subject);
    const form = { action: pathOf(visit), csrf: token };
    const origin = originOf(request, { clientId: visit.client.id });
    return { parts, visit, request, origin, deviceCookie: deviceCookie.read(request), form, locale: localeOf(request) };
  }

  function localeOf(request: FastifyRequest) {
    return views.negotiate(request.languages, request.headers['accept-language']);
  }
}

function pathOf({ uid }: Visit): string {
  return `${PATHS.login}/${uid}`;
}

function uidIn({ params }: FastifyRequest): string {
  return (params as { uid: string }).uid;
}

function sentToken({ body }: FastifyRequest): unknown {
  return ((body ?? {}) as Fields).csrf;
}
