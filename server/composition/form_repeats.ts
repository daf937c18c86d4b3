import type { FastifyRequest } from 'fastify';
import { cookieNames } from '../oidc/configuration.ts';
import { repeatedResponse } from '../oidc/steps/form_responses.ts';
import type { FormRepeatsOptions, RepeatRules } from '../platform/form_repeats.ts';
import type { Issuer } from '../platform/issuer.ts';
import { ROW_BYTES, type WriteBounds } from '../platform/write_bounds.ts';
import type { RepeatedForms } from '../records/repeated_forms.ts';
import { visitorCookie } from '../selfservice/visitor.ts';
import { PATHS } from '../views/paths.ts';

/** The rules for forms that are sent twice; those of sign-in pages and of account pages differ. */
export function repeatsOf(
  forms: RepeatedForms,
  issuer: Issuer,
  writes: Pick<WriteBounds, 'mayStore'>,
): FormRepeatsOptions {
  const { session, interaction } = cookieNames(issuer);
  const signed = (name: string) => [name, `${name}.sig`];
  // A step of a sign-in is carried out once, even if the form is sent again with other fields. The stored visit shows that
  // it was carried out, so no response is looked up first.
  const visit: RepeatRules = {
    cookies: signed(interaction),
    sameFields: false,
    repeatsFirst: false,
    includesGet: true,
  };
  // A form of the account may be sent again with other fields. The stored response is looked up first, or the same form
  // would be carried out twice.
  const account: RepeatRules = {
    cookies: [...signed(session), visitorCookie(issuer).name],
    sameFields: true,
    repeatsFirst: true,
    includesGet: false,
  };
  const visits = issuer.path(`${PATHS.login}/`);
  const accounts = issuer.path(PATHS.account);
  const isVisit = (request: FastifyRequest) => request.url.startsWith(visits);
  const sessionOf = (request: FastifyRequest) => request.cookies[session];

  return {
    rulesOf(request) {
      if (isVisit(request)) return visit;
      return request.url.startsWith(accounts) ? account : undefined;
    },
    async find(key, request) {
      const stored = await forms.find(key);
      return stored && repeatedResponse(stored, sessionOf(request));
    },
    async store(key, answer, request) {
      // A redirect to the next step can be made again from the stored visit; a page that is shown once cannot, so it is stored.
      if (isVisit(request) && answer.status !== 200) return;
      // Without a stored response a form that is sent twice is carried out twice, or refused as used.
      if (!writes.mayStore(request.ip, Buffer.byteLength(answer.body) + ROW_BYTES)) return;
      await forms.note(key, { answer, session: sessionOf(request) });
    },
  };
}
