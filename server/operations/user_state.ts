import { Type } from 'typebox';
import { standingOf } from '../accounts/standing.ts';
import type { Changes } from '../audit/entries.ts';
import type { Row } from '../platform/db.ts';
import { AppError } from '../platform/errors.ts';
import { endSessions } from '../records/overview.ts';
import { endedWith } from './ended.ts';
import { type Call, change, type Plan } from './operation.ts';
import { Id, strict } from './schema.ts';
import type { Services } from './services.ts';
import { changeableUser, checkedNames, type Names, OF_USER, shownPlan, userChanges, userPlan } from './user_plans.ts';
import { EXAMPLE_USER, NEW_USER, profileIn, shownLocks, shownUser, User, UserWithLocks } from './user_schema.ts';

const Unlocked = strict(
  { ...User.properties, locks_ended: UserWithLocks.properties.locked },
  { title: 'UnlockedUser' },
);

const Invited = strict({ id: Id, email: User.properties.email, invited: Type.Boolean() });

/** Invitations, and what a user may do at all. */
export const userState = {
  invite: change({
    name: 'users.invite',
    permission: 'users:write',
    target: 'user',
    summary: 'Invite a user by mail',
    description:
      'Creates a user without a password and mails a link to set one, which is valid for seven days. For a user who has not followed ' +
      'the link yet, it mails another one and changes nothing. Groups need groups:write, and roles roles:write.',
    schemas: { body: strict(NEW_USER, { title: 'Invitation' }), output: Invited },
    example: {
      input: { body: { email: 'ada@example.com', name: 'Ada Lovelace' } },
      output: { id: EXAMPLE_USER.id, email: EXAMPLE_USER.email, invited: true },
    },
    async plan(services, { body }, call): Promise<Plan<{ id: string; email: string; invited: boolean }>> {
      assertMailed(services);
      const { accounts, mails } = await services.accountStores();
      const existing = await accounts.findByIdentifier(body.email);
      if (existing) return again(services, existing.id, call);
      const { statements: conditions, ...names } = await checkedNames(services, body as Names, undefined, call);
      const { account, statements, refuse } = accounts.plans.creating({ ...profileIn(body), ...names });
      const { id, email } = account;
      return {
        statements: [...conditions, ...statements, mails.enqueue({ kind: 'invitation', accountId: id }, account)],
        refuse,
        target: { kind: 'user', id },
        owner: accounts.ownerOf(account),
        changes: userChanges({}, shownUser(account)),
        result: () => ({ id, email, invited: true }),
      };
    },
  }),

  disable: change({
    name: 'users.disable',
    permission: 'users:write',
    target: 'user',
    summary: 'Disable a user',
    description: 'At once: sessions and tokens end, browsers are forgotten, and every sign-in is refused.',
    schemas: { params: OF_USER, output: User },
    example: { output: { ...EXAMPLE_USER, disabled: true, version: 2 } },
    async plan(services, { params: { id } }, call) {
      const changeable = await changeableUser(services, id, call, { self: false });
      const { stores, before } = changeable;
      const statements = [stores.accounts.plans.disabling(id), ...endSessions(id), stores.devices.forgetOthers(id)];
      const ended = endedWith(statements, services.now);
      return shownPlan(changeable, {
        statements,
        after: { standing: 'disabled' },
        changes: userChanges(shownUser(before), shownUser({ ...before, disabled: true })),
        counted: (rows) => ({ ...stageChange(rows), ...ended(rows) }),
      });
    },
  }),

  enable: change({
    name: 'users.enable',
    permission: 'users:write',
    target: 'user',
    summary: 'Enable a user again',
    schemas: { params: OF_USER, output: User },
    example: { output: { ...EXAMPLE_USER, version: 3 } },
    async plan(services, { params: { id } }, call) {
      const changeable = await changeableUser(services, id, call, { self: false });
      const { stores, before } = changeable;
      return shownPlan(changeable, {
        statements: [stores.accounts.plans.enabling(id)],
        after: { standing: standingOf({ ...before, disabled: false }) },
        changes: userChanges(shownUser(before), shownUser({ ...before, disabled: false })),
        counted: stageChange,
      });
    },
  }),

  unlock: change({
    name: 'users.unlock',
    permission: 'lockouts:write',
    target: 'user',
    summary: 'End the locks of a user',
    description:
      'All that wrong passwords or codes have caused, on every device; wrong guesses are counted from zero again.',
    schemas: { params: OF_USER, output: Unlocked },
    example: {
      output: { ...EXAMPLE_USER, locks_ended: [{ factor: 'password', locked_until: '2026-11-01T08:15:00.000Z' }] },
    },
    async plan(services, { params: { id } }, call) {
      const changeable = await changeableUser(services, id, call, { self: false });
      const { attempts } = changeable.stores;
      const locks = shownLocks(await attempts.locksOf(id));
      return userPlan(changeable, {
        statements: [attempts.unlock(id)],
        changes: locks.length > 0 ? { locks: { before: locks.map(({ factor }) => factor), after: [] } } : {},
        counted: ([forgotten = []]) => (forgotten.length > 0 ? { failures: { after: 0 } } : {}),
        result: (account) => ({ ...shownUser(account), locks_ended: locks }),
      });
    },
  }),
};

/** The stage of the policy for inactive accounts that a decision of an operator ends. @param rows the first are those of the change */
function stageChange([changed = []]: readonly Row[][]): Changes {
  const before = changed[0]?.inactive_stage;
  return typeof before === 'string' ? { inactive_stage: { before, after: null } } : {};
}

/** Another invitation for a user who has not followed the first. */
async function again(services: Services, id: string, call: Call) {
  const changeable = await changeableUser(services, id, call, { self: true });
  const { stores, before } = changeable;
  // With a password or a confirmed address the account is in use already.
  if (before.passwordHash !== null || before.emailVerified) {
    throw new AppError('identifier_taken', 'email: somebody has it already', { field: 'email' });
  }
  return userPlan(changeable, {
    statements: [stores.mails.enqueue({ kind: 'invitation', accountId: id }, before)],
    changes: { invitation: {} },
    result: ({ email }) => ({ id, email, invited: true }),
  });
}

/** @throws AppError 409 `mail_not_configured` */
function assertMailed({ config: { production, smtp } }: Pick<Services, 'config'>): void {
  if (production && !smtp) throw new AppError('mail_not_configured', 'no mail is sent: CARDEA_SMTP_URL is not set');
}
