import { type KoaContextWithOIDC as Context, errors, interactionPolicy, type ResponseType } from 'oidc-provider';
import { isEnough, weakestOf } from '../accounts/assurance.ts';
import { isEmpty, NO_PERMISSIONS } from '../clients/permissions.ts';
import { type ClaimsByScope, requestedAcr, unmetRequirements } from './claims_parameter.ts';
import { claimsOf, missingIn } from './consent.ts';
import { withoutOptionalOfflineAccess } from './offline_access.ts';
import { REPLACED_CHECKS } from './seams.ts';
import { isStillEnough, type SignInParts } from './sufficient_sign_in.ts';

export interface PromptParts extends SignInParts {
  /** A text is in force that the person has not accepted. */
  mustAcceptTexts(accountId: string): Promise<boolean>;
}

/**
 * When a person has to be asked: the provider's checks of OpenID Connect Core §3.1.2.1, the prompt `select_account`, and
 * checks that the account is still there, its sign-in is strong enough, and the texts in force are accepted.
 * @param table claims by the scope with which a client may request them by name
 */
export function createPrompts(parts: PromptParts, table: ClaimsByScope) {
  const { Check, Prompt, base } = interactionPolicy;
  const policy = base();
  const login = policy.get('login');
  const check = (reason: string, description: string, isNeeded: (ctx: Context) => boolean | Promise<boolean>) =>
    login?.checks.add(
      new Check(reason, description, 'login_required', async (ctx) =>
        (await isNeeded(ctx)) ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT,
      ),
    );
  const isFresh = ({ result }: Context['oidc']) => Boolean((result as { login?: unknown } | undefined)?.login);

  // RFC 6749 §3.1.2.4: the operator may have changed the client while the person signed in.
  check('request_unavailable', 'the client may not ask for this any more', ({ oidc }) => {
    const { redirect_uri: redirectUri, response_type: type } = oidc.params ?? {};
    if (oidc.route !== 'resume') return false;
    if (!oidc.client?.redirectUriAllowed(String(redirectUri))) throw new errors.InvalidRedirectUri();
    if (!oidc.client.responseTypeAllowed(type as ResponseType)) {
      throw new errors.UnauthorizedClient(
        'this app may not use this response_type any more: the operator has changed it',
      );
    }
    return false;
  });
  // A session can outlive its account, or the account can be disabled: the person is signed out then.
  check(
    'account_unavailable',
    'the account is gone or disabled',
    ({ oidc }) => oidc.session?.accountId !== undefined && !oidc.account,
  );
  // Independent of the request and of how the session began.
  check(
    'second_factor_required',
    'a second factor is required',
    async ({ oidc: { session, client } }) =>
      session?.accountId !== undefined &&
      !(await isStillEnough(session.acr, { accountId: session.accountId, clientId: client?.clientId }, parts)),
  );
  // `max_age=0` becomes `prompt=login` (OpenID Connect Core §3.1.2.1), which the provider ignores in a device's request.
  check('device_prompt', 'a fresh sign-in is asked for', ({ oidc }) => {
    const { prompt } = (oidc.deviceCode as { params?: { prompt?: string } } | undefined)?.params ?? {};
    return prompt?.split(' ').includes('login') === true && !isFresh(oidc);
  });
  // Step-up (§5.5.1.1): any of the values or a stronger sign-in is enough. A person who has just signed in is not asked
  // again: the ID token then says what a voluntary `acr` came to, and a request for an essential one fails.
  check('acr_values', 'the session is weaker than asked for', ({ oidc }) => {
    const { values, essential } = requestedAcr(oidc.params ?? {});
    const least = weakestOf(values);
    if (least !== undefined && isEnough(oidc.session?.acr, least)) return false;
    if (essential && (isFresh(oidc) || least === undefined)) throw unmetRequirements();
    return !isFresh(oidc) && least !== undefined;
  });
  // The check above replaces these checks of the provider, which would ask again when the sign-in is stronger than requested.
  for (const [prompt, reasons] of Object.entries(REPLACED_CHECKS)) {
    for (const reason of reasons) policy.get(prompt)?.checks.remove(reason);
  }
  const consent = policy.get('consent');
  consent?.checks.add(
    new Check('op_claims_missing', 'requested claims not granted', 'consent_required', (ctx) => {
      const { oidc } = ctx;
      const claims = claimsOf(ctx, table);
      const missing = missingIn(oidc.entities.Grant, { ...NO_PERMISSIONS, claims });
      return isEmpty(missing) ? Check.NO_NEED_TO_PROMPT : Check.REQUEST_PROMPT;
    }),
  );
  consent?.checks.add(
    new Check('op_scopes_missing', 'requested scopes not granted', 'consent_required', ({ oidc }) => {
      const requested = { ...NO_PERMISSIONS, scopes: [...oidc.requestParamOIDCScopes] };
      const asking = { isDevice: oidc.deviceCode !== undefined, prompt: oidc.params?.prompt };
      const missing = missingIn(oidc.entities.Grant, withoutOptionalOfflineAccess(requested, asking));
      return isEmpty(missing) ? Check.NO_NEED_TO_PROMPT : Check.REQUEST_PROMPT;
    }),
  );
  // Of a session that is older than a text: nothing is issued before the person has accepted it. With `prompt=none` that is
  // `interaction_required` (OpenID Connect Core §3.1.2.6).
  const unaccepted = new Check(
    'texts_not_accepted',
    'the person has to accept the texts of this service that are in force now',
    'interaction_required',
    async ({ oidc: { session } }) =>
      session?.accountId !== undefined && (await parts.mustAcceptTexts(session.accountId))
        ? Check.REQUEST_PROMPT
        : Check.NO_NEED_TO_PROMPT,
  );
  policy.add(new Prompt({ name: 'texts', requestable: false }, unaccepted), 1);
  policy.add(new Prompt({ name: 'select_account', requestable: true }), 0);
  return policy;
}
