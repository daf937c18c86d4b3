import type { Step } from './step.ts';
import { accountIn } from './steps.ts';

/** What the app will get, in words, and the person's decision on it. */
export const consentStep: Step = {
  async show({ visit, parts, form, locale }) {
    const accountId = accountIn(visit) ?? '';
    const account = await parts.findAccount(accountId);
    const asked = await visit.asked();
    const missing = await visit.missing(accountId);
    // A claim is told as the scope that it belongs to: that is what there are words for, and never less than the truth.
    const scopes = [...new Set([...asked.scopes, ...Object.keys(asked.claims)])];
    const missingScopes = [...missing.scopes, ...Object.keys(missing.claims)];
    const resources = await Promise.all(
      Object.entries(asked.resources).map(async ([identifier, scopes]) => ({
        identifier,
        name: await parts.resourceServerName(identifier),
        scopes,
        remembered: allowedBefore(scopes, missing.resources[identifier]),
      })),
    );
    return parts.views.render(
      'consent',
      {
        ...form,
        client: visit.client,
        account: { email: account?.email ?? '', ...(account?.name ? { name: account.name } : {}) },
        scopes,
        remembered: allowedBefore(scopes, missingScopes),
        resources,
        details: asked.details.map((detail) => parts.describeDetail(detail, locale)),
      },
      locale,
    );
  },

  async submit({ visit }, fields) {
    switch (fields.action) {
      case 'allow':
        // Exactly what was requested: nothing else of the form is read.
        return { kind: 'progress', progress: { ...visit.progress, consent: await visit.asked() } };
      case 'switch':
        return { kind: 'progress', progress: { select_account: { another: true } } };
      default:
        return { kind: 'cancel' };
    }
  },
};

function allowedBefore(scopes: readonly string[], missing: readonly string[] = []): string[] {
  return scopes.filter((scope) => !missing.includes(scope));
}
