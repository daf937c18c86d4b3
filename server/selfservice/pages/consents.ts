import { textField } from '../../platform/forms.ts';
import { changesSomething } from '../notices.ts';
import { accountPage, done } from '../page.ts';

interface ConsentView {
  readonly kind: string;
  readonly version: string;
  readonly acceptedAt: Date;
  readonly withdrawnAt?: Date;
}

/** The texts that the person has accepted. Input `kind`: the kind of which the acceptance is withdrawn. */
export default accountPage<{ consents: readonly ConsentView[] }>({
  name: 'consents',
  guard: 'fresh_sign_in',

  async show({ parts, account }) {
    const consents = await parts.texts.acceptedBy(account.id);
    return {
      consents: consents.map(({ withdrawnAt, ...one }) => ({ ...one, ...(withdrawnAt ? { withdrawnAt } : {}) })),
    };
  },

  async submit(context, fields) {
    const { parts, account, origin } = context;
    const kind = textField(fields, 'kind');
    await changesSomething(context, [
      parts.texts.withdrawing(account.id, kind),
      parts.personEvents.entry(account, 'texts.withdraw', origin, { changes: { kind: { after: kind.slice(0, 100) } } }),
    ]);
    return done('consent_withdrawn', 'consents');
  },
});
