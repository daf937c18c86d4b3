import { Type } from 'typebox';
import { createInactivity, type InactiveStage, type InactivityStep, inactivitySteps } from '../accounts/inactivity.ts';
import type { Row } from '../platform/db.ts';
import { notFound } from '../platform/errors.ts';
import { endSessions } from '../records/overview.ts';
import { endedWith } from './ended.ts';
import { type Call, type Change, change, type Plan, read, type Schemas } from './operation.ts';
import { Id, strict } from './schema.ts';
import type { Services } from './services.ts';
import { deletionPlan } from './user_deletion.ts';
import { type Changeable, changeableUser, OF_USER, shownPlan, userChanges } from './user_plans.ts';
import { shownUser } from './user_schema.ts';

const Count = Type.Integer({ minimum: 0 });

export const userInactivity = {
  inactive: read({
    name: 'users.inactive',
    permission: 'users:read',
    summary: 'Count the users whom nobody has signed in as for long',
    description:
      'How many the policy (`CARDEA_INACTIVE_WARN`, `CARDEA_INACTIVE_DISABLE`, `CARDEA_INACTIVE_ERASE`) would warn, disable and delete now; ' +
      'none where it is off. Administrators and restricted users are left alone.',
    schemas: { output: strict({ to_warn: Count, to_disable: Count, to_delete: Count }, { title: 'InactiveUsers' }) },
    example: { output: { to_warn: 12, to_disable: 3, to_delete: 0 } },
    async run(services) {
      const inactivity = createInactivity(services);
      const steps = inactivitySteps(services.config.privacy.inactivity);
      const count = async (stage: InactiveStage) => {
        const step = steps.find((one) => one.stage === stage);
        return step ? inactivity.count(step) : 0;
      };
      const [warned, disabled, leaving] = [await count('warned'), await count('disabled'), await count('leaving')];
      return { to_warn: warned, to_disable: disabled, to_delete: leaving };
    },
  }),
};

const Reached = strict({ id: Id });

/** What the server does by itself by its policy for inactive accounts; no face of operators has these. */
export const inactivityChanges = {
  warned: ofPolicy('warned', 'users.warn_inactive', 'Warn a user by mail', (services, changeable, step) => {
    const { stores, before } = changeable;
    const { id } = before;
    const next = inactivitySteps(services.config.privacy.inactivity).find(({ from }) => from === step.stage);
    const due = new Date(services.now() + (next?.waits ?? 0) * 1_000).toISOString();
    return shownPlan(changeable, {
      statements: next ? [stores.mails.enqueue({ kind: 'inactive', accountId: id, details: { due } }, before)] : [],
      changes: {},
    });
  }),
  disabled: ofPolicy('disabled', 'users.disable_inactive', 'Disable a user', (services, changeable) => {
    const { stores, before } = changeable;
    const statements = [...endSessions(before.id), stores.devices.forgetOthers(before.id)];
    return shownPlan(changeable, {
      statements,
      changes: userChanges(shownUser(before), shownUser({ ...before, disabled: true })),
      counted: endedWith(statements, services.now),
    });
  }),
  leaving: ofPolicy('leaving', 'users.delete_inactive', 'Delete a user', (services, changeable) =>
    deletionPlan(services, changeable, { by: 'inactivity' }),
  ),
} as const satisfies Record<InactiveStage, unknown>;

/** A change of the policy: the account is looked at again within the transaction, since its person may have signed in. */
function ofPolicy(
  stage: InactiveStage,
  name: Change<Schemas>['name'],
  summary: string,
  plan: (services: Services, changeable: Changeable, step: InactivityStep) => Plan<unknown> | Promise<Plan<unknown>>,
) {
  return change({
    name,
    permission: 'users:write',
    target: 'user',
    summary: `${summary}, for want of a sign-in`,
    schemas: { params: OF_USER, output: Reached },
    example: { output: { id: '019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f' } },
    async plan(services: Services, { params: { id } }: { params: { id: string } }, call: Call) {
      const step = inactivitySteps(services.config.privacy.inactivity).find((one) => one.stage === stage);
      if (!step) throw notFound('policy', stage);
      const changeable = await changeableUser(services, id, call, { self: false });
      const planned = await plan(services, changeable, step);
      const inactivity = createInactivity(services);
      const { target, changes = {}, counted, refuse } = planned;
      return {
        target,
        changes: { ...changes, inactive_stage: { before: step.from, after: stage } },
        ...(counted ? { counted: (rows: readonly Row[][]) => counted(rows.slice(1)) } : {}),
        ...(refuse ? { refuse } : {}),
        statements: [inactivity.requireInactive(id, step), ...planned.statements, inactivity.reaching(id, stage)],
        result: () => ({ id }),
      };
    },
  });
}
