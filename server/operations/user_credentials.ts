import { Type } from 'typebox';
import type { EventKind } from '../accounts/events.ts';
import { changingFactors } from '../accounts/factor_change.ts';
import { PASSKEY_STATEMENTS, removingPasskey } from '../accounts/passkeys.ts';
import { RECOVERY_CODE_STATEMENTS } from '../accounts/recovery_codes.ts';
import { TOTP_STATEMENTS } from '../accounts/totp.ts';
import type { BoundStatement } from '../platform/db.ts';
import { notFound } from '../platform/errors.ts';
import { endSessions } from '../records/overview.ts';
import { endedWith } from './ended.ts';
import { change, read } from './operation.ts';
import { personal } from './personal_fields.ts';
import { entityTag } from './preconditions.ts';
import { EtagOfUser, Id, strict, Time } from './schema.ts';
import type { Services } from './services.ts';
import { type Changeable, changeableUser, existingUser, OF_USER, shownPlan, userPlan } from './user_plans.ts';
import { EXAMPLE_USER, Password, PasswordTemporary, User } from './user_schema.ts';

const Factors = strict(
  {
    id: Id,
    second_factors: User.properties.second_factors,
    recovery_codes: Type.Integer({ minimum: 0, description: 'recovery codes that are left' }),
    passkeys: Type.Array(
      strict({
        id: Type.String({ description: 'the credential id, in base64url' }),
        name: Type.String({ description: 'as the person has named it', ...personal('name') }),
        backed_up: Type.Boolean({ description: 'synchronised by the platform, not bound to one device' }),
        created_at: Time,
        last_used_at: Type.Union([Time, Type.Null()]),
      }),
    ),
  },
  { title: 'Factors' },
);

const Removed = strict(
  {
    id: Id,
    removed: Type.Array(Type.Enum(['totp', 'passkey', 'recovery_codes']), { description: 'kinds that were removed' }),
    etag: EtagOfUser,
  },
  { title: 'RemovedFactors' },
);
type Kind = 'totp' | 'passkey' | 'recovery_codes';

const OF_PASSKEY = strict({
  ...OF_USER.properties,
  passkey_id: Type.String({ minLength: 1, maxLength: 1_400, description: 'the id of the passkey' }),
});

const LAST_WAY =
  'Refused for the last administrator who can sign in, when no password and no other passkey would be left.';
const CONSEQUENCES = 'The sessions and tokens of the person end, and locks; the person gets a mail.';

/** Passwords and second factors of users. */
export const userCredentials = {
  setPassword: change({
    name: 'users.set_password',
    permission: 'credentials:write',
    target: 'user',
    summary: 'Set the password of a user',
    description:
      'Sessions, tokens, mailed links and known browsers of the person end, and a lock of the old password; the person gets a mail. A ' +
      'password that the policy refuses is a 400 whose `errors` name each broken rule. You know this password, so the person has to choose ' +
      'another one at the next sign-in, unless `password_temporary` is false.',
    schemas: {
      params: OF_USER,
      body: strict({ password: Password, password_temporary: PasswordTemporary }),
      output: User,
    },
    example: {
      input: { body: { password: 'Kestrel-Fjord-7-Anvil' } },
      output: { ...EXAMPLE_USER, password_temporary: true, version: 2 },
    },
    async plan(services, { params: { id }, body }, call) {
      const changeable = await changeableUser(services, id, call, { self: false });
      const { password, password_temporary: temporary = true } = body;
      const { change: passwords } = await services.passwords();
      const { statements, refuse } = await passwords.planning(changeable.before, password, {
        by: 'operator',
        temporary,
      });
      const counted = endedWith(statements, services.now);
      const changes = { password: {}, ...(temporary ? { password_temporary: { after: true } } : {}) };
      return shownPlan(changeable, { statements, refuse, changes, counted });
    },
  }),

  factors: read({
    name: 'users.factors',
    permission: 'credentials:read',
    summary: 'Show the second factors of a user',
    schemas: { params: OF_USER, output: Factors },
    example: { output: { id: EXAMPLE_USER.id, second_factors: ['totp'], recovery_codes: 10, passkeys: [] } },
    async run(services, { params: { id } }) {
      const account = await existingUser(await services.accountStores(), id);
      const { passkeys, recoveryCodes } = await services.factors();
      return {
        id,
        second_factors: [...account.secondFactors],
        recovery_codes: await recoveryCodes.remaining(account),
        passkeys: (await passkeys.list(account)).map((passkey) => ({
          id: passkey.id,
          name: passkey.name,
          backed_up: passkey.backedUp,
          created_at: passkey.createdAt.toISOString(),
          last_used_at: passkey.lastUsedAt?.toISOString() ?? null,
        })),
      };
    },
  }),

  resetFactors: change({
    name: 'users.reset_factors',
    permission: 'credentials:write',
    target: 'user',
    summary: 'Remove all second factors of a user',
    description: `For a person who has lost them: authenticator app, passkeys and recovery codes. ${LAST_WAY} ${CONSEQUENCES}`,
    schemas: { params: OF_USER, output: Removed },
    example: { output: { id: EXAMPLE_USER.id, removed: ['totp'], etag: '"2-mvxji0w0"' } },
    async plan(services, { params: { id } }, call) {
      const changeable = await changeableUser(services, id, call, { self: false });
      const accountId = id;
      return removal(
        services,
        changeable,
        [...changeable.before.secondFactors],
        [TOTP_STATEMENTS.remove.bind({ accountId }), PASSKEY_STATEMENTS.removeAll.bind({ accountId })],
      );
    },
  }),

  removeTotp: change({
    name: 'users.remove_totp',
    permission: 'credentials:write',
    target: 'user',
    summary: 'Remove the authenticator app of a user',
    description: `Recovery codes go with the last second factor. ${CONSEQUENCES}`,
    schemas: { params: OF_USER, output: Removed },
    example: { output: { id: EXAMPLE_USER.id, removed: ['totp'], etag: '"2-mvxji0w0"' } },
    async plan(services, { params: { id } }, call) {
      const changeable = await changeableUser(services, id, call, { self: false });
      if (!changeable.before.secondFactors.includes('totp')) throw notFound('authenticator app of user', id);
      return removal(services, changeable, ['totp'], [TOTP_STATEMENTS.remove.bind({ accountId: id })]);
    },
  }),

  removePasskey: change({
    name: 'users.remove_passkey',
    permission: 'credentials:write',
    target: 'user',
    summary: 'Remove a passkey of a user',
    description: `Recovery codes go with the last second factor. ${LAST_WAY} ${CONSEQUENCES}`,
    schemas: { params: OF_PASSKEY, output: Removed },
    example: { output: { id: EXAMPLE_USER.id, removed: ['passkey'], etag: '"2-mvxji0w0"' } },
    async plan(services, { params: { id, passkey_id: passkeyId } }, call) {
      const changeable = await changeableUser(services, id, call, { self: false });
      const { passkeys } = await services.factors();
      const listed = await passkeys.list(changeable.before);
      if (!listed.some((one) => one.id === passkeyId)) throw notFound('passkey', passkeyId);
      return removal(services, changeable, ['passkey'], [removingPasskey(id, passkeyId)]);
    },
  }),

  removeRecoveryCodes: change({
    name: 'users.remove_recovery_codes',
    permission: 'credentials:write',
    target: 'user',
    summary: 'Remove the recovery codes of a user',
    description: `For codes that others may have seen; the person can make new ones. ${CONSEQUENCES}`,
    schemas: { params: OF_USER, output: Removed },
    example: { output: { id: EXAMPLE_USER.id, removed: ['recovery_codes'], etag: '"2-mvxji0w0"' } },
    async plan(services, { params: { id } }, call) {
      const changeable = await changeableUser(services, id, call, { self: false });
      const { recoveryCodes } = await services.factors();
      if ((await recoveryCodes.remaining(changeable.before)) === 0) throw notFound('recovery codes of user', id);
      return removal(
        services,
        changeable,
        ['recovery_codes'],
        [RECOVERY_CODE_STATEMENTS.clear.bind({ accountId: id })],
      );
    },
  }),
};

/** The event and the name in the mail of each kind that is removed. */
const NOTICES = {
  totp: ['totp_removed', 'totp'],
  passkey: ['passkey_removed', 'passkey'],
  recovery_codes: ['recovery_codes_removed', 'recovery_code'],
} as const satisfies Record<Kind, readonly [EventKind, string]>;

/** Whoever has the factor may use it: the sessions that it has led to end as well. */
function removal(
  { now }: Pick<Services, 'now'>,
  changeable: Changeable,
  removed: Kind[],
  statements: readonly BoundStatement[],
) {
  const { stores, before } = changeable;
  const { attempts, events, mails } = stores;
  const { id } = before;
  const planned = changingFactors(before, statements, [
    ...endSessions(id),
    attempts.unlock(id),
    ...removed.flatMap((kind) => {
      const [event, factor] = NOTICES[kind];
      return [
        events.append(before, event),
        mails.enqueue({ kind: 'factor_removed', accountId: id, details: { factor } }, before),
      ];
    }),
  ]);
  return userPlan(changeable, {
    ...planned,
    changes: { second_factors: { before: before.secondFactors }, removed: { after: removed } },
    counted: endedWith(planned.statements, now),
    result: (after) => ({ id, removed, etag: entityTag(after) }),
  });
}
