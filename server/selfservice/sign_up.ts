import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { checkEmail } from '../accounts/identifiers.ts';
import { LINK_LIFETIMES } from '../accounts/links.ts';
import { AppError } from '../platform/errors.ts';
import { readForm, sendPage, textField } from '../platform/forms.ts';
import { subnet } from '../platform/limits.ts';
import { PATHS } from '../views/paths.ts';
import type { AskMailData } from '../views/views.ts';
import { inSameLanguage, localeOf, type PublicOptions, takeTurn, tooManyMails } from './public_options.ts';
import { createVisitors } from './visitor.ts';

/**
 * Signing up begins with a mail: no account is made for an address before somebody has shown that it is theirs, and
 * whether there is one already is told by mail alone, to whom it belongs.
 */
export async function signUpRoutes(app: FastifyInstance, options: PublicOptions): Promise<void> {
  const { views, csrf, mails, throttle, limit, transact } = options;
  const visitors = createVisitors(options.secure, csrf);
  const subjectOf = (visitor: string) => `${PATHS.signUp} ${visitor}`;

  function ask(
    request: FastifyRequest,
    reply: FastifyReply,
    status: number,
    wrong: Pick<AskMailData, 'problem' | 'typed'> = {},
  ): FastifyReply {
    const token = csrf.tokenFor(subjectOf(visitors.meet(request, reply)));
    const action = inSameLanguage(options, request, PATHS.signUp);
    const data = { action, csrf: token, purpose: 'sign-up', ...wrong } as const;
    return sendPage(reply, status, views.render('ask-mail', data, localeOf(options, request)));
  }

  app.get(PATHS.signUp, async (request, reply) => ask(request, reply, 200));

  app.post(PATHS.signUp, { config: { ...limit } }, async (request, reply) => {
    const visitor = visitors.known(request);
    if (visitor === '') return ask(request, reply, 403, { problem: 'cookies' });
    const fields = readForm(request, csrf, subjectOf(visitor));
    await takeTurn(options, 'sign-up', request);
    const typed = textField(fields, 'email');
    const email = addressIn(typed);
    if (email === undefined) return ask(request, reply, 400, { problem: 'typed', typed });
    const locale = localeOf(options, request);
    const source = subnet(request.ip);
    if (!(await throttle.mayAsk('sign_up', { network: source }))) throw tooManyMails();
    await transact([mails.enqueue({ kind: 'sign_up', email, locale, details: options.origin(request), source })]);
    const data = { purpose: 'sign-up', lifetimeSeconds: LINK_LIFETIMES.sign_up } as const;
    return sendPage(reply, 200, views.render('mail-sent', data, locale));
  });
}

function addressIn(typed: string): string | undefined {
  try {
    return checkEmail(typed);
  } catch (error) {
    if (error instanceof AppError) return undefined;
    throw error;
  }
}
