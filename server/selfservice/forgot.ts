import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { LINK_LIFETIMES } from '../accounts/links.ts';
import { readForm, sendPage, textField } from '../platform/forms.ts';
import { subnet } from '../platform/limits.ts';
import { PATHS } from '../views/paths.ts';
import type { AskMailData } from '../views/views.ts';
import { inSameLanguage, localeOf, type PublicOptions, takeTurn, tooManyMails } from './public_options.ts';
import { createVisitors } from './visitor.ts';

const IDENTIFIER_MAX = 320; // the longest e-mail address (RFC 5321 §4.5.3.1)

/**
 * A forgotten password. The answer is the same for everybody, and so is the work: what was typed goes into the mail
 * queue, and who that is, if anybody, is found out when the mail is written (authentik CVE-2023-39522).
 */
export async function forgotRoutes(app: FastifyInstance, options: PublicOptions): Promise<void> {
  const { views, csrf, accounts, devices, mails, throttle, limit, transact } = options;
  const visitors = createVisitors(options.secure, csrf);
  const subjectOf = (visitor: string) => `${PATHS.forgotPassword} ${visitor}`;

  function ask(
    request: FastifyRequest,
    reply: FastifyReply,
    status: number,
    problem?: AskMailData['problem'],
  ): FastifyReply {
    const token = csrf.tokenFor(subjectOf(visitors.meet(request, reply)));
    const action = inSameLanguage(options, request, PATHS.forgotPassword);
    const data = { action, csrf: token, purpose: 'forgot', ...(problem ? { problem } : {}) } as const;
    return sendPage(reply, status, views.render('ask-mail', data, localeOf(options, request)));
  }

  /** Whether the person who is named has signed in here before. It is the same work when there is no such person. */
  async function isOwnBrowser(identifier: string, device: string | undefined): Promise<boolean> {
    if (device === undefined) return false;
    const holders = await accounts.holdersOf([identifier]);
    const accountId = holders.get(accounts.lookupOf(identifier)) ?? randomUUID();
    return (await devices.isKnown(accountId, device)).known;
  }

  app.get(PATHS.forgotPassword, async (request, reply) => ask(request, reply, 200));

  app.post(PATHS.forgotPassword, { config: { ...limit } }, async (request, reply) => {
    const visitor = visitors.known(request);
    if (visitor === '') return ask(request, reply, 403, 'cookies');
    const fields = readForm(request, csrf, subjectOf(visitor));
    await takeTurn(options, 'forgot', request);
    const identifier = textField(fields, 'identifier').trim();
    if (identifier === '') return ask(request, reply, 400, 'typed');
    const locale = localeOf(options, request);
    const source = subnet(request.ip);
    const device = options.deviceCookieOf(request);
    if (!(await throttle.mayAsk('reset', { network: source })) && !(await isOwnBrowser(identifier, device))) {
      throw tooManyMails();
    }
    if (identifier.length <= IDENTIFIER_MAX) {
      const details = options.origin(request);
      const asked = { kind: 'reset', email: identifier, locale, details, source } as const;
      await transact([mails.enqueue(device === undefined ? asked : { ...asked, device })]);
    }
    const data = { purpose: 'forgot', lifetimeSeconds: LINK_LIFETIMES.reset_password } as const;
    return sendPage(reply, 200, views.render('mail-sent', data, locale));
  });
}
