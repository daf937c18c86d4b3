import { withSecondFactor } from '../accounts/assurance.ts';
import { mustChange } from '../accounts/policy.ts';
import type { Fields } from '../platform/forms.ts';
import { textField } from '../platform/forms.ts';
import type { Login } from './interactions.ts';
import type { StepContext } from './step.ts';

/** `PublicKeyCredentialRequestOptions` as JSON, for any passkey that the browser has for this site. */
export async function passkeyOptions({ parts, visit }: StepContext): Promise<string> {
  return JSON.stringify(await parts.passkeys.assertionOptions(parts.passkeyChallenge(visit.uid)));
}

/**
 * Signing in by a passkey alone. The device is one factor, and its check of the user (a PIN, a fingerprint) is another:
 * `hwk` or `swk`, `user`, and so `mfa` (RFC 8176).
 * @returns undefined for an unknown passkey; it cannot be guessed, so this locks no account
 */
export async function signInByPasskey(context: StepContext, fields: Fields): Promise<Login | undefined> {
  const { parts, visit, request, origin, deviceCookie } = context;
  await parts.signInLimit.assertAllowed(request.ip);
  parts.failures.charge(request.ip);
  const assertion = await parts.passkeys.verify(parts.passkeyChallenge(visit.uid), textField(fields, 'assertion'), {
    requireUserVerification: true,
    origin,
  });
  if (!assertion) {
    await parts.signInLimit.count(request.ip);
    await parts.failures.note({ reason: 'passkey_refused', factor: 'passkey' }, origin);
    return undefined;
  }
  parts.failures.refund(request.ip);
  parts.keepAccount(assertion.account);
  const { id: accountId, epoch, passwordSetAt } = assertion.account;
  const device = await parts.devices.isKnown(accountId, deviceCookie);
  return {
    accountId,
    epoch,
    ts: Math.floor(parts.now() / 1000),
    amr: withSecondFactor([], assertion.amr),
    remember: true,
    device: { ...device, trusted: false },
    // The operator who chose it knows it until it is changed.
    ...(mustChange(passwordSetAt) ? { passwordExpired: true } : {}),
  };
}
