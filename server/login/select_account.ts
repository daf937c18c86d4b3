import type { AccountView } from '../views/views.ts';
import { step, viewOfAccount } from './step.ts';

/**
 * `prompt=select_account` (OpenID Connect Core §3.1.2.1): continue as the signed-in person or another one. `action` is
 * `continue` or `another`.
 */
export const selectAccountStep = step<{ account: AccountView }>({
  view: { template: 'select-account', layout: 'step', title: 'select-account.title' },

  show: async ({ visit, parts }) => ({ account: viewOfAccount(await parts.findAccount(visit.signedIn ?? '')) }),

  async submit({ visit }, fields) {
    const another = fields.action !== 'continue';
    return { kind: 'progress', progress: { ...visit.progress, select_account: { another } } };
  },
});
