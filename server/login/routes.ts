import type { FastifyInstance, FastifyReply, FastifyRequest, RouteShorthandOptions } from 'fastify';
import { normaliseIdentifier } from '../accounts/identifiers.ts';
import type { Csrf } from '../platform/csrf.ts';
import { AppError } from '../platform/errors.ts';
import { type Fields, readForm, sendPage, textField } from '../platform/forms.ts';
import { PATHS } from '../views/paths.ts';
import { consentStep } from './consent.ts';
import type { DeviceCookie } from './device_cookie.ts';
import { enrolStep } from './enrol.ts';
import type { InteractionResult, Interactions, Progress, Visit } from './interactions.ts';
import { showLost } from './lost.ts';
import { newPasswordStep } from './new_password.ts';
import { MAX_IDENTIFIER, passwordStep } from './password.ts';
import { secondFactorStep } from './second_factor.ts';
import { selectAccountStep } from './select_account.ts';
import type { LoginParts, Step, StepContext, StepReply } from './step.ts';
import { accountIn, nextStep, outcomeOf, type StepName } from './steps.ts';

const STEPS: Readonly<Record<Exclude<StepName, 'done'>, Step>> = {
  'select-account': selectAccountStep,
  password: passwordStep,
  'second-factor': secondFactorStep,
  enrol: enrolStep,
  'new-password': newPasswordStep,
  consent: consentStep,
};

const STEP_NAMES: readonly StepName[] = [...(Object.keys(STEPS) as Exclude<StepName, 'done'>[]), 'done'];

/** A form is for one step of one visit. */
const subjectOf = ({ uid }: Visit, step: StepName) => `${uid} ${step}`;

/** The person does not want to go on (RFC 6749 §4.1.2.1). */
const CANCELLED: InteractionResult = { error: 'access_denied', error_description: 'the person did not agree' };

export interface LoginOptions {
  readonly parts: LoginParts;
  readonly csrf: Csrf;
  readonly deviceCookie: DeviceCookie;
  readonly interactions: Interactions;
  /** Runs a handler with a unit of work of its own. */
  inUnit<T>(work: () => Promise<T>): Promise<T>;
  /** Limits on the form posts. */
  readonly limit: RouteShorthandOptions['config'];
}

type Params = { Params: { uid: string } };

/**
 * The dispatcher. It alone decides which step a visit is at, from stored state; the browser's URL names the visit and
 * nothing else, and a form is only read by the step that the visit is at.
 */
export async function loginRoutes(app: FastifyInstance, options: LoginOptions): Promise<void> {
  const { parts, csrf, deviceCookie, interactions, inUnit, limit } = options;

  app.get<Params>(`${PATHS.login}/:uid`, (request, reply) =>
    lead(request, reply, async () => {
      const visit = await openVisit(request, reply);
      if (await isSignedInMeanwhile(visit)) return interactions.finish(visit, {});
      const step = await nextStep(visit, parts);
      if (step === 'done') return finish(request, reply, visit);
      return sendPage(reply, 200, await STEPS[step].show(await contextOf(request, visit)));
    }),
  );

  app.post<Params>(`${PATHS.login}/:uid`, { config: { ...limit } }, (request, reply) =>
    lead(request, reply, async () => {
      const visit = await openVisit(request, reply);
      const step = await nextStep(visit, parts);
      const fields = readForm(request, csrf, ...STEP_NAMES.map((one) => subjectOf(visit, one)));
      if (!csrf.isValid(subjectOf(visit, step), fields.csrf)) {
        // Of a step that was taken: a form that was sent twice. It leads where the first one did.
        return (await request.form?.repeat(reply)) ?? reply.redirect(`${PATHS.login}/${visit.uid}`, 303);
      }
      if (step === 'done') return finish(request, reply, visit);
      if (fields.action !== 'cancel' && (await isSignedInMeanwhile(visit, fields)))
        return interactions.finish(visit, {});
      const answer = await STEPS[step].submit(await contextOf(request, visit), fields);
      // A wrong password takes the same statements whatever is wrong, and none more.
      if (request.form && step === 'password' && answer.kind === 'again') request.form.looksBack = false;
      return respond(request, reply, visit, answer);
    }),
  );

  function lead(request: FastifyRequest<Params>, reply: FastifyReply, work: () => Promise<unknown>): Promise<unknown> {
    return inUnit(() =>
      work().catch((error) =>
        showLost(error, request.params.uid, { request, reply }, { interactions, views: parts.views }),
      ),
    );
  }

  /**
   * Another tab of this browser has signed in since: the request is judged again by that session, and nobody types a
   * password twice. Who types another name wants to be somebody else.
   */
  async function isSignedInMeanwhile(visit: Visit, fields: Fields = {}): Promise<boolean> {
    if (visit.progress.login || visit.requestedPrompts.has('login')) return false;
    const accountId = await interactions.meanwhile(visit);
    const account = accountId === undefined ? undefined : await parts.findAccount(accountId);
    const typed = normaliseIdentifier(textField(fields, 'identifier').slice(0, MAX_IDENTIFIER));
    if (!account || account.disabled) return false;
    const names = [account.email, account.username].filter((name) => name !== undefined);
    return typed === '' || names.some((name) => normaliseIdentifier(name) === typed);
  }

  async function respond(
    request: FastifyRequest<Params>,
    reply: FastifyReply,
    visit: Visit,
    answer: StepReply,
  ): Promise<unknown> {
    switch (answer.kind) {
      case 'again':
        return sendPage(reply, answer.status, answer.html);
      case 'cancel':
        return interactions.finish(visit, CANCELLED);
      case 'progress':
        return advance(request, reply, visit, answer);
    }
  }

  /** Goes on at once when nothing is left to ask, else remembers and shows the next page by a redirect. */
  async function advance(
    request: FastifyRequest<Params>,
    reply: FastifyReply,
    visit: Visit,
    { progress, html }: Extract<StepReply, { kind: 'progress' }>,
  ): Promise<unknown> {
    if (html === undefined && (await nextStep(visit, parts, progress)) === 'done')
      return finish(request, reply, visit, progress);
    await interactions.remember(visit, progress);
    return html === undefined ? reply.redirect(`${PATHS.login}/${visit.uid}`, 303) : sendPage(reply, 200, html);
  }

  /** Signs the person in, on condition that nothing that this rests on has changed meanwhile. */
  async function finish(
    request: FastifyRequest<Params>,
    reply: FastifyReply,
    visit: Visit,
    progress: Progress = visit.progress,
  ): Promise<void> {
    const { login } = progress;
    if (login) {
      const { transaction, devices, notices } = parts;
      const account = await parts.findAccount(login.accountId);
      if (!account) throw new AppError('interaction_expired', 'this account is not available any more');
      transaction.addGuard(parts.requireEpoch(login.accountId, login.epoch));
      const browser = devices.remember(account, {
        cookie: deviceCookie.read(request),
        visitor: { userAgent: request.headers['user-agent'], address: request.ip },
        trustSeconds: login.trustDevice ? parts.trustDeviceSeconds : 0,
      });
      deviceCookie.write(reply, browser.cookie);
      transaction.addStatement(browser.bound);
      for (const bound of notices.signedIn(account, login, request)) transaction.addStatement(bound);
    }
    return interactions.finish(visit, outcomeOf(visit, progress));
  }

  async function openVisit(request: FastifyRequest<Params>, reply: FastifyReply): Promise<Visit> {
    const visit = await interactions.open(request, reply);
    request.languages = visit.uiLocales ?? '';
    // The cookie says which visit it is; a URL that names another one is not followed.
    if (visit.uid !== request.params.uid) throw new AppError('interaction_expired', 'this sign-in has expired');
    return visit;
  }

  async function contextOf(request: FastifyRequest<Params>, visit: Visit): Promise<StepContext> {
    const accountId = accountIn(visit);
    const account = accountId === undefined ? undefined : await parts.findAccount(accountId);
    request.languages = [visit.uiLocales, account?.locale].filter((one) => one !== undefined).join(' ');
    const locale = parts.views.negotiate(request.languages, request.headers['accept-language']);
    const subject = subjectOf(visit, await nextStep(visit, parts));
    // A page that comes back is the same page: what is wrong with a form is all that it tells.
    const { csrf: sent } = (request.body ?? {}) as Fields;
    const token = csrf.isValid(subject, sent) ? String(sent) : csrf.tokenFor(subject);
    const form = { action: `${PATHS.login}/${visit.uid}`, csrf: token };
    return { parts, visit, request, deviceCookie: deviceCookie.read(request), form, locale };
  }
}
