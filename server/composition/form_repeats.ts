import type { FastifyRequest } from 'fastify';
import { cookieNames } from '../oidc/configuration.ts';
import { repeatedResponse } from '../oidc/steps/form_responses.ts';
import type { FormRepeatsOptions, RepeatRules } from '../platform/form_repeats.ts';
import type { RepeatedForms } from '../records/repeated_forms.ts';
import { visitorCookie } from '../selfservice/visitor.ts';
import { PATHS } from '../views/paths.ts';

/** How forms may be sent twice, by where they are. */
export function repeatsOf(forms: RepeatedForms, secure: boolean): FormRepeatsOptions {
  const { session, interaction } = cookieNames(secure);
  const signed = (name: string) => [name, `${name}.sig`];
  // A step of a visit is taken once, whatever the fields say; the visit itself knows when it was, so nothing is looked up
  // before that. A page of the account may be sent again with other values, and does more than once what is not looked up.
  const visit: RepeatRules = { cookies: signed(interaction), sameFields: false, lookFirst: false, gets: true };
  const account: RepeatRules = {
    cookies: [...signed(session), visitorCookie(secure)],
    sameFields: true,
    lookFirst: true,
    gets: false,
  };
  const isVisit = (request: FastifyRequest) => request.url.startsWith(`${PATHS.login}/`);
  const sessionOf = (request: FastifyRequest) => request.cookies[session];

  return {
    rulesOf(request) {
      if (isVisit(request)) return visit;
      return request.url.startsWith(PATHS.account) ? account : undefined;
    },
    async find(key, request) {
      const found = await forms.find(key);
      return found && repeatedResponse(found, sessionOf(request));
    },
    async keep(key, answer, request) {
      // Of a visit that goes on the next step is found without: what is kept is a page that is shown once.
      if (isVisit(request) && answer.status !== 200) return;
      await forms.note(key, { answer, session: sessionOf(request) });
    },
  };
}
