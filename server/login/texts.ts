import { inLanguage, type Text } from '../accounts/texts.ts';
import { step } from './step.ts';
import { accountIn } from './steps.ts';

interface TextsData {
  readonly texts: readonly Pick<Text, 'kind' | 'title' | 'url' | 'version'>[];
}

/** Asks the person to accept the texts in force. `action` is `accept`, with the input `texts`, or `cancel`. */
export const textsStep = step<TextsData>({
  view: { template: 'texts', layout: 'step', title: 'texts.title' },

  async show({ visit, parts, locale }) {
    const account = await parts.findAccount(accountIn(visit) ?? '');
    return { texts: account ? inLanguage(await parts.texts.missing(account), locale) : [] };
  },

  async submit({ visit, parts, origin }, fields) {
    if (fields.action !== 'accept') return { kind: 'cancel' };
    const accountId = accountIn(visit) ?? '';
    const account = await parts.findAccount(accountId);
    // Exactly what was shown: a version that was published meanwhile is asked for by itself.
    const shown = String(fields.texts ?? '').split(' ');
    const missing = account ? await parts.texts.missing(account) : [];
    const accepted = missing.filter((one) => shown.includes(keyOf(one)));
    if (account && accepted.length > 0) {
      const after = [...new Set(accepted.map(keyOf))];
      await parts.transact([
        ...parts.texts.accepting(accountId, accepted),
        parts.personEvents.entry(account, 'texts.accept', origin, { changes: { texts: { after } } }),
      ]);
      parts.keepAccount(parts.withAccepted(account, accepted));
    }
    return { kind: 'progress', progress: visit.progress };
  },
});

const keyOf = ({ kind, version }: Pick<Text, 'kind' | 'version'>) => `${kind}:${version}`;
