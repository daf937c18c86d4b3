import { RESTRICTION_REASONS, standingOf } from '../accounts/standing.ts';
import { endSessions } from '../records/overview.ts';
import { endedWith } from './ended.ts';
import { change } from './operation.ts';
import { strict } from './schema.ts';
import { changeableUser, OF_USER, shownPlan, userChanges } from './user_plans.ts';
import { EXAMPLE_USER, RestrictionReason, shownUser, User } from './user_schema.ts';

/** By GDPR Art. 18(1). */
export const REASONS = RESTRICTION_REASONS;

/** Restriction of processing (GDPR Art. 18): the data are stored, and nothing else is done with them. */
export const userRestriction = {
  restrict: change({
    name: 'users.restrict',
    permission: 'users:write',
    target: 'user',
    summary: 'Restrict the processing of the data of a user',
    description:
      'As when a user is disabled, sessions and tokens end and every sign-in is refused; after all factors the person is told why. No mail is ' +
      'sent, and nothing erases the data, neither a planned deletion nor the policy for inactive users, until the restriction is lifted.',
    schemas: {
      params: OF_USER,
      body: strict({ reason: RestrictionReason }, { title: 'Restriction' }),
      output: User,
    },
    example: {
      input: { body: { reason: 'accuracy_contested' } },
      output: {
        ...EXAMPLE_USER,
        restricted_at: '2026-11-02T08:00:00.000Z',
        restriction_reason: 'accuracy_contested',
        version: 2,
      },
    },
    async plan(services, { params: { id }, body: { reason } }, call) {
      const changeable = await changeableUser(services, id, call, { self: false });
      const { stores, before } = changeable;
      const restriction = { since: before.restriction?.since ?? new Date(services.now()), reason };
      const standing = standingOf({ ...before, restriction });
      const statements = [stores.accounts.plans.restricting(id, reason), ...endSessions(id)];
      return shownPlan(changeable, {
        statements,
        after: { standing },
        changes: userChanges(shownUser(before), shownUser({ ...before, restriction })),
        counted: endedWith(statements, services.now),
      });
    },
  }),

  lift: change({
    name: 'users.lift_restriction',
    permission: 'users:write',
    target: 'user',
    summary: 'Lift the restriction of a user',
    description: 'The person must have been informed before (GDPR Art. 18(3)). What had been signed in stays ended.',
    schemas: { params: OF_USER, output: User },
    example: { output: { ...EXAMPLE_USER, version: 3 } },
    async plan(services, { params: { id } }, call) {
      const changeable = await changeableUser(services, id, call, { self: false });
      const { stores, before } = changeable;
      const { restriction: _, ...rest } = before;
      return shownPlan(changeable, {
        statements: [stores.accounts.plans.lifting(id)],
        changes: userChanges(shownUser(before), shownUser(rest)),
      });
    },
  }),
};
