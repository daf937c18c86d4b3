import { AppError } from '../platform/errors.ts';
import { type Fields, textField } from '../platform/forms.ts';
import { pageOf } from '../platform/pages.ts';
import { accountPath, PATHS } from '../views/paths.ts';
import type { FormProblem } from '../views/views.ts';
import { noticesOf } from './notices.ts';
import { type AccountPage, frameOf, PAGE_SIZE, type PageAnswer, type PageContext, pagesView } from './page.ts';
import { problemOf } from './problems.ts';
import { showCodes } from './second_factor.ts';

/** Registering, naming and removing passkeys (WebAuthn L3 §7.1). */
export const passkeysPage: AccountPage = {
  path: accountPath('passkeys'),
  sensitive: true,

  async show(context) {
    return render(context);
  },

  async submit(context, fields) {
    const typed = fields.action === 'register' ? textField(fields, 'name').trim() : '';
    try {
      switch (fields.action) {
        case 'register':
          return await register(context, fields, typed);
        case 'rename':
          return await rename(context, fields);
        default:
          return await remove(context, fields);
      }
    } catch (error) {
      return { kind: 'again', html: await render(context, typed, passkeyProblem(error)) };
    }
  },
};

async function register(context: PageContext, fields: Fields, name: string): Promise<PageAnswer> {
  const { parts, account, session } = context;
  const challenge = parts.challenges.open(session.sessionUid, textField(fields, 'challenge'));
  if (challenge === undefined) throw new AppError('passkey_refused', 'the challenge is over');
  const hadCodes = (await parts.recoveryCodes.remaining(account)) > 0;
  const drawn = hadCodes ? undefined : parts.recoveryCodes.draw(account);
  const notices = noticesOf(context, 'passkey_added', 'factor_added', { factor: 'passkey', subject: name });
  const also = [...notices, ...(drawn?.bound ?? [])];
  await parts.passkeys.register(account, challenge, textField(fields, 'response'), name, also);
  if (drawn) return showCodes(context, drawn.codes, { done: 'passkey_added' });
  // The account's level may just have risen above the sign-in's: the overview asks for no other.
  return { kind: 'done', done: 'passkey_added', to: PATHS.account };
}

async function rename({ parts, account }: PageContext, fields: Fields): Promise<PageAnswer> {
  await parts.passkeys.rename(account, textField(fields, 'passkey'), textField(fields, 'name'));
  return { kind: 'done', done: 'passkey_renamed', to: passkeysPage.path };
}

async function remove(context: PageContext, fields: Fields): Promise<PageAnswer> {
  const { parts, account } = context;
  const id = textField(fields, 'passkey');
  const subject = (await parts.passkeys.list(account)).find((one) => one.id === id)?.name;
  const notices = noticesOf(context, 'passkey_removed', 'factor_removed', { factor: 'passkey', subject });
  await parts.passkeys.remove(account, id, notices);
  return { kind: 'done', done: 'passkey_removed', to: passkeysPage.path };
}

function passkeyProblem(error: unknown): FormProblem {
  const isName = error instanceof AppError && error.code === 'invalid_input' && error.field === 'name';
  return isName ? { key: 'passkey_name', field: 'name' } : problemOf(error);
}

async function render(context: PageContext, typed = '', problem?: FormProblem): Promise<string> {
  const { parts, account, session, locale } = context;
  const { challenge, sealed } = parts.challenges.create(session.sessionUid);
  const [all, options] = await Promise.all([
    parts.passkeys.list(account),
    parts.passkeys.registrationOptions(account, challenge),
  ]);
  // There are fifty at most (accounts/passkeys.ts): they are read together, and shown by pages.
  const start = all.findIndex(({ id }) => id === context.after?.id) + 1;
  const position = ({ id, createdAt }: (typeof all)[number]) => ({ at: createdAt, id });
  const { items: passkeys, next } = pageOf(all.slice(start), PAGE_SIZE, position);
  return parts.views.render(
    'account/passkeys',
    {
      frame: frameOf(context, 'passkeys'),
      passkeys: passkeys.map(({ lastUsedAt, ...passkey }) => ({ ...passkey, ...(lastUsedAt ? { lastUsedAt } : {}) })),
      challenge: sealed,
      options: JSON.stringify(options),
      typed,
      pages: pagesView(passkeysPage.path, context, next),
      ...(problem ? { problem } : {}),
    },
    locale,
  );
}
