import { AppError } from '../../platform/errors.ts';
import { type Fields, textField } from '../../platform/forms.ts';
import { pageOf } from '../../platform/pages.ts';
import { type Again, again, type Reply } from '../../views/form_pages.ts';
import type { PagesView } from '../../views/views.ts';
import { PAGE_SIZE, pagesView } from '../lists.ts';
import { noticesOf } from '../notices.ts';
import { accountPage, done, type PageContext } from '../page.ts';
import type { PageProblem } from '../problems.ts';
import { newCodesOf, showCodes } from '../recovery_codes.ts';

interface PasskeysData {
  readonly passkeys: readonly PasskeyView[];
  readonly pages?: PagesView;
  /** Sealed; comes back with the browser's response. */
  readonly challenge: string;
  /** JSON of `PublicKeyCredentialCreationOptions`. */
  readonly options: string;
  /** The name for a new one, as typed. */
  readonly typed: string;
}

interface PasskeyView {
  readonly id: string;
  readonly name: string;
  readonly backedUp: boolean;
  readonly createdAt: Date;
  readonly lastUsedAt?: Date;
}

/**
 * Registering, renaming and removing passkeys (WebAuthn L3 §7.1). `action` is `register` (inputs `name`, `challenge`,
 * `response`), `rename` (`passkey`, `name`) or `remove` (`passkey`).
 */
export default accountPage<PasskeysData>({
  name: 'passkeys',
  guard: 'fresh_sign_in',

  async show(context, refused) {
    const { parts, account, session } = context;
    const { challenge, sealed } = parts.challenges.create(session.sessionUid);
    const [all, options] = await Promise.all([
      parts.passkeys.list(account),
      parts.passkeys.registrationOptions(account, challenge),
    ]);
    // An account has fifty at most (accounts/passkeys.ts): they are read together and shown by pages.
    const start = all.findIndex(({ id }) => id === context.after?.id) + 1;
    const position = ({ id, createdAt }: (typeof all)[number]) => ({ at: createdAt, id });
    const { items, next } = pageOf(all.slice(start), PAGE_SIZE, position);
    return {
      passkeys: items.map(({ lastUsedAt, ...passkey }) => ({ ...passkey, ...(lastUsedAt ? { lastUsedAt } : {}) })),
      pages: pagesView('passkeys', context, next),
      challenge: sealed,
      options: JSON.stringify(options),
      typed: refused?.fields.action === 'register' ? newName(refused.fields) : '',
    };
  },

  async submit(context, fields) {
    try {
      switch (fields.action) {
        case 'register':
          return await register(context, fields);
        case 'rename':
          return await rename(context, fields);
        default:
          return await remove(context, fields);
      }
    } catch (error) {
      const isName = error instanceof AppError && error.code === 'invalid_input' && error.field === 'name';
      if (isName) return again({ key: 'passkey_name', field: 'name' });
      throw error;
    }
  },
});

type PasskeyReply = Promise<Reply | Again<PageProblem>>;

async function register(context: PageContext, fields: Fields): PasskeyReply {
  const { parts, account, session } = context;
  const name = newName(fields);
  const challenge = parts.challenges.open(session.sessionUid, textField(fields, 'challenge'));
  if (challenge === undefined) return again({ key: 'passkey' });
  const hadCodes = (await parts.recoveryCodes.remaining(account)) > 0;
  const newCodes = hadCodes ? undefined : parts.recoveryCodes.prepare(account);
  const notices = noticesOf(context, 'passkey_added', 'factor_added', { factor: 'passkey', subject: name });
  const also = [...notices, ...newCodesOf(context, newCodes)];
  await parts.passkeys.register(account, challenge, textField(fields, 'response'), name, also);
  if (newCodes) return showCodes(context, newCodes.codes, 'passkey_added');
  // The account may now need a stronger sign-in than this one; the overview is a page that does not.
  return done('passkey_added', 'overview');
}

function newName(fields: Fields): string {
  return textField(fields, 'name').trim();
}

async function rename({ parts, account, origin }: PageContext, fields: Fields): PasskeyReply {
  const id = textField(fields, 'passkey');
  const entry = parts.personEvents.entry(account, 'passkeys.rename', origin, { target: { kind: 'passkey', id } });
  await parts.passkeys.rename(account, id, textField(fields, 'name'), [entry]);
  return done('passkey_renamed', 'passkeys');
}

async function remove(context: PageContext, fields: Fields): PasskeyReply {
  const { parts, account } = context;
  const id = textField(fields, 'passkey');
  const subject = (await parts.passkeys.list(account)).find((one) => one.id === id)?.name;
  const notices = noticesOf(context, 'passkey_removed', 'factor_removed', {
    factor: 'passkey',
    subject,
    target: { kind: 'passkey', id },
  });
  await parts.passkeys.remove(account, id, notices);
  return done('passkey_removed', 'passkeys');
}
