import { type Static, Type } from 'typebox';
import type { MailDetails } from '../accounts/mails.ts';
import { type DeletionAsker, mayKeep } from '../accounts/standing.ts';
import type { BoundStatement, Row } from '../platform/db.ts';
import { AppError, notFound } from '../platform/errors.ts';
import { endedIn, endSessions } from '../records/overview.ts';
import { endedWith } from './ended.ts';
import { erasing } from './erasure.ts';
import { administratorGuard } from './guards.ts';
import { ANY_CALLER, type Call, change, type Plan } from './operation.ts';
import { Id, strict, Time } from './schema.ts';
import type { Services } from './services.ts';
import { type Changeable, changeableUser, OF_USER, shownPlan, userChanges } from './user_plans.ts';
import { EXAMPLE_USER, shownUser, User } from './user_schema.ts';

const Deleted = strict({
  id: Id,
  sessions_ended: Type.Integer({ minimum: 0, description: 'sessions that ended; clients are told of it' }),
  deletion_due_at: Type.Optional({
    ...Time,
    description: 'when the data are erased; absent when they are now',
  } as typeof Time),
});
type Deleted = Static<typeof Deleted>;

/** The mail about a planned deletion, which says how it is undone. */
const MAILS = {
  person: 'deletion_asked',
  operator: 'deletion_planned',
  inactivity: 'deletion_inactive',
} as const satisfies Record<DeletionAsker, string>;

interface Asked {
  readonly by: DeletionAsker;
  /** The browser of the person who asked. */
  readonly details?: MailDetails | undefined;
}

/**
 * Plans that an account is erased after the days of grace, and ends all that is signed in to it. Without such days it is erased at
 * once.
 */
export async function deletionPlan(
  services: Services,
  changeable: Changeable,
  { by, details = {} }: Asked,
): Promise<Plan<Deleted>> {
  const { stores, before } = changeable;
  const { id } = before;
  assertUnrestricted(changeable);
  const grace = services.config.privacy.deletionGraceSeconds;
  if (grace === 0) return erasurePlan(services, changeable);
  const { accounts, mails, events } = stores;
  const planned = before.deletion;
  const dueAt = new Date(
    Math.min(services.now() + grace * 1_000, planned?.dueAt.getTime() ?? Number.POSITIVE_INFINITY),
  );
  // An operator's decision stays one of an operator.
  const deletion = { dueAt, by: planned?.by === 'operator' ? planned.by : by };
  const after = {
    ...before,
    deletion,
    standing: before.standing === 'active' ? ('leaving' as const) : before.standing,
  };
  const mail = { kind: MAILS[by], accountId: id, details: { ...details, due: dueAt.toISOString() } };
  const changes = userChanges(shownUser(before), shownUser(after));
  const statements = [
    accounts.plans.requireVersion(before),
    accounts.plans.schedulingDeletion(id, deletion),
    ...endSessions(id),
    // The person has been told already when it stays as it is planned.
    ...(Object.keys(changes).length > 0
      ? [events.append(before, 'deletion_asked', details), mails.enqueue(mail, before)]
      : []),
    ...administratorGuard(before, after),
  ];
  return {
    statements,
    target: { kind: 'user', id },
    changes,
    counted: endedWith(statements, services.now),
    result: (rows) => ({ ...deleted(services, id, statements, rows), deletion_due_at: dueAt.toISOString() }),
  };
}

/** Erases an account with all that is stored of the person. */
function erasurePlan(services: Pick<Services, 'now'>, { stores, before }: Changeable): Plan<Deleted> {
  const { id } = before;
  const statements = [
    stores.accounts.plans.requireVersion(before),
    ...erasing(stores, before),
    ...administratorGuard(before, undefined),
  ];
  return {
    statements,
    target: { kind: 'user', id },
    counted: endedWith(statements, services.now),
    result: (rows) => deleted(services, id, statements, rows),
  };
}

const deleted = (
  { now }: Pick<Services, 'now'>,
  id: string,
  statements: readonly BoundStatement[],
  rows: readonly Row[][],
): Deleted => ({ id, sessions_ended: endedIn(statements, rows, now()).sessions });

function keepingPlan(changeable: Changeable, details: MailDetails = {}): Plan<Static<typeof User>> {
  const { stores, before } = changeable;
  const { accounts, events, mails } = stores;
  const { deletion, ...rest } = before;
  const nothing = deletion === undefined;
  return shownPlan(changeable, {
    statements: nothing
      ? []
      : [
          accounts.plans.keeping(before.id),
          events.append(before, 'deletion_undone', details),
          mails.enqueue({ kind: 'deletion_undone', accountId: before.id, details }, before),
        ],
    changes: userChanges(shownUser(before), shownUser(rest)),
  });
}

/** @throws AppError 409 `processing_restricted` */
function assertUnrestricted({ before }: Changeable): void {
  if (!before.restriction) return;
  throw new AppError(
    'processing_restricted',
    'the processing of this account is restricted, so its data must stay: lift the restriction first',
  );
}

const GRACE =
  'The account cannot be used from then on, except to see this. After the time of `CARDEA_DELETION_GRACE` it is erased; with 0 it is erased now.';

/** The end of an account: planned, undone, and carried out. */
export const userDeletion = {
  remove: change({
    name: 'users.delete',
    permission: 'users:write',
    target: 'user',
    summary: 'Delete a user, after a time in which that can be undone',
    description:
      `${GRACE} Sessions and tokens end now, and clients are told (OpenID Connect Back-Channel Logout 1.0); the person gets a mail. ` +
      'Only an operator can undo what an operator has planned.',
    schemas: { params: OF_USER, output: Deleted },
    example: { output: { id: EXAMPLE_USER.id, sessions_ended: 1, deletion_due_at: '2026-12-01T08:00:00.000Z' } },
    plan: async (services, { params: { id } }, call) =>
      deletionPlan(services, await changeableUser(services, id, call, { self: false }), { by: 'operator' }),
  }),

  restore: change({
    name: 'users.restore',
    permission: 'users:write',
    target: 'user',
    summary: 'Undo the planned deletion of a user',
    description: 'The person can sign in again, and gets a mail. What had been signed in stays ended.',
    schemas: { params: OF_USER, output: User },
    example: { output: { ...EXAMPLE_USER, version: 3 } },
    plan: async (services, { params: { id } }, call) =>
      keepingPlan(await changeableUser(services, id, call, { self: false })),
  }),

  erase: change({
    name: 'users.erase',
    permission: 'users:write',
    target: 'user',
    summary: 'Erase a user now',
    description:
      'With everything of the person: profile, credentials, sessions, tokens, what they allowed to clients, security events, mails that ' +
      'wait, and the key that seals their data in backups. It cannot be undone. Clients are told that the sessions ended. The audit ' +
      'stays, and names the id alone.',
    schemas: { params: OF_USER, output: Deleted },
    example: { output: { id: EXAMPLE_USER.id, sessions_ended: 1 } },
    async plan(services, { params: { id } }, call) {
      const changeable = await changeableUser(services, id, call, { self: false });
      assertUnrestricted(changeable);
      return erasurePlan(services, changeable);
    },
  }),
};

const ByPerson = strict({
  details: Type.Partial(strict({ browser: Type.String(), system: Type.String(), address: Type.String() }), {
    additionalProperties: false,
  }),
});

/** What people do with their own account, at pages that have made sure who they are. No face of operators has these. */
export const ownDeletion = {
  ask: change({
    name: 'users.delete_own',
    permission: ANY_CALLER,
    target: 'user',
    summary: 'Delete the own account, after a time in which that can be undone',
    schemas: { params: OF_USER, body: ByPerson, output: Deleted },
    example: { output: { id: EXAMPLE_USER.id, sessions_ended: 1 } },
    plan: async (services, { params: { id }, body: { details } }, call) =>
      deletionPlan(services, await ownAccount(services, id, call), { by: 'person', details }),
  }),

  keep: change({
    name: 'users.restore_own',
    permission: ANY_CALLER,
    target: 'user',
    summary: 'Keep the own account',
    schemas: { params: OF_USER, body: ByPerson, output: User },
    example: { output: EXAMPLE_USER },
    async plan(services, { params: { id }, body: { details } }, call) {
      const changeable = await ownAccount(services, id, call);
      if (!mayKeep(changeable.before)) {
        throw new AppError('own_account', 'an operator has planned this deletion, and an operator has to undo it');
      }
      return keepingPlan(changeable, details);
    },
  }),
};

/** The erasure that the server carries out by itself when a planned deletion is due. */
export const dueErasure = change({
  name: 'users.erase_due',
  permission: 'users:write',
  target: 'user',
  summary: 'Erase a user whose deletion is due',
  schemas: { params: OF_USER, output: Deleted },
  example: { output: { id: EXAMPLE_USER.id, sessions_ended: 0 } },
  async plan(services, { params: { id } }, call) {
    const changeable = await changeableUser(services, id, call, { self: false });
    const { deletion } = changeable.before;
    // It may have been undone since the job has read it.
    if (!deletion || deletion.dueAt.getTime() > services.now()) throw notFound('planned deletion', id);
    assertUnrestricted(changeable);
    return erasurePlan(services, changeable);
  },
});

async function ownAccount(services: Services, id: string, { actor }: Call): Promise<Changeable> {
  const stores = await services.accountStores();
  const before = actor.kind === 'person' && actor.id === id ? await stores.accounts.findById(id) : undefined;
  if (!before) throw notFound('user', id);
  return { stores, before };
}
