import type { Step } from './step.ts';

/** `prompt=select_account` (OpenID Connect Core §3.1.2.1): go on as whoever is signed in, or as somebody else. */
export const selectAccountStep: Step = {
  async show({ visit, parts, form, locale }) {
    const account = await parts.findAccount(visit.signedIn ?? '');
    return parts.views.render(
      'select-account',
      {
        ...form,
        client: visit.client,
        account: { email: account?.email ?? '', ...(account?.name ? { name: account.name } : {}) },
      },
      locale,
    );
  },

  async submit({ visit }, fields) {
    const another = fields.action !== 'continue';
    return { kind: 'progress', progress: { ...visit.progress, select_account: { another } } };
  },
};
