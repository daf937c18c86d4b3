import { inLanguage, type Text } from '../accounts/texts.ts';
import type { Changes } from '../audit/entries.ts';
import type { Permissions } from '../clients/permissions.ts';
import type { AccountView, DetailView, ResourceView } from '../views/views.ts';
import { step, viewOfAccount } from './step.ts';
import { accountIn } from './steps.ts';

interface ConsentData {
  readonly account: AccountView;
  /** OpenID Connect scopes that are requested now. */
  readonly scopes: readonly string[];
  /** Those of `scopes` that the person has allowed before. */
  readonly remembered?: readonly string[];
  readonly resources: readonly ResourceView[];
  /** Authorization details (RFC 9396), which are asked about each time. */
  readonly details?: readonly DetailView[];
  /** When the person first allowed the app something, and the zone of that time. */
  readonly since?: Date;
  readonly zone?: string;
  /** The texts of the service that the person has accepted, which apply to this access too. */
  readonly texts?: readonly Pick<Text, 'kind' | 'title' | 'url' | 'version'>[];
}

/** Shows the permissions that the app requests, and takes the person's decision. `action` is `allow`, `deny` or `switch`. */
export const consentStep = step<ConsentData>({
  view: { template: 'consent', layout: 'step', title: 'consent.title' },

  async show({ visit, parts, locale }) {
    const accountId = accountIn(visit) ?? '';
    const requested = await visit.requested();
    const missing = await visit.missing(accountId);
    // A single claim is shown as its scope, which the catalogues describe and which includes at least that claim.
    const scopes = [...new Set([...requested.scopes, ...Object.keys(requested.claims)])];
    const missingScopes = [...missing.scopes, ...Object.keys(missing.claims)];
    const resources = await Promise.all(
      Object.entries(requested.resources).map(async ([identifier, scopes]) => ({
        identifier,
        name: await parts.resourceServerName(identifier),
        scopes,
        remembered: allowedBefore(scopes, missing.resources[identifier]),
      })),
    );
    const account = await parts.findAccount(accountId);
    const since = await visit.allowedSince(accountId);
    return {
      account: viewOfAccount(account),
      ...(since ? { since } : {}),
      ...(account?.zoneinfo ? { zone: account.zoneinfo } : {}),
      texts: account ? inLanguage(await parts.texts.inForceFor(account), locale) : [],
      scopes,
      remembered: allowedBefore(scopes, missingScopes),
      resources,
      details: requested.details.map((detail) => parts.describeDetail(detail, locale)),
    };
  },

  async submit({ visit }, fields) {
    switch (fields.action) {
      case 'allow':
        // Exactly what was requested: nothing else of the form is read.
        return { kind: 'progress', progress: { ...visit.progress, consent: await visit.requested() } };
      case 'switch':
        return { kind: 'progress', progress: { select_account: { another: true } } };
      default:
        return { kind: 'cancel' };
    }
  },
});

/** What a person has allowed, as the audit tells of it. Authorization details may name people, so their types are enough. */
export function consentChanges({ scopes, resources, claims, details }: Permissions): Changes {
  return {
    scopes: { after: scopes },
    ...(Object.keys(resources).length > 0 ? { resources: { after: resources } } : {}),
    ...(Object.keys(claims).length > 0 ? { claims: { after: claims } } : {}),
    ...(details.length > 0 ? { details: { after: details.map(({ type }) => type) } } : {}),
  };
}

function allowedBefore(scopes: readonly string[], missing: readonly string[] = []): string[] {
  return scopes.filter((scope) => !missing.includes(scope));
}
