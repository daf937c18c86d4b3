import { type Static, Type } from 'typebox';
import { lagsOf } from '../audit/destination_lag.ts';
import { assertTarget } from '../audit/destination_targets.ts';
import type { Destination, DestinationInput, PlannedDestination } from '../audit/destinations.ts';
import { invalidInput, notFound } from '../platform/errors.ts';
import { changesOf } from './changes.ts';
import {
  DestinationListed,
  DestinationShown,
  EXAMPLE,
  Kinded,
  NewDestination,
  SETTABLE,
  shownDestination as shown,
} from './destination_schema.ts';
import { assertMayGive } from './guards.ts';
import { mergePatch } from './merge_patch.ts';
import { type Call, change, type Plan, read } from './operation.ts';
import { LIST_QUERY, pageOf } from './pages.ts';
import { SEE_IN_FULL } from './permissions.ts';
import { assertVersion } from './preconditions.ts';
import { Id, patch, strict } from './schema.ts';
import type { Services } from './services.ts';

const PARAMS = strict({ id: Id });
const FOR_ONE = { params: { id: EXAMPLE.id } };
const { name, settings, ...optional } = SETTABLE;
const From = Type.Union([Type.Integer({ minimum: 0 }), Type.String({ format: 'date-time' })], {
  description: 'the index of the first entry in the log, or a time (RFC 3339)',
});
const DAY_SECONDS = 86_400;
const SECRET = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD3xRd1bZrGqE=';

type Shown = Static<typeof DestinationShown>;

const LISTED: Static<typeof DestinationListed> = { ...EXAMPLE, behind_since: null, holds_retention: false };

/** Where the sealed log of the audit is sent to. */
export const destinations = {
  list: read({
    name: 'destinations.list',
    permission: 'audit:read',
    summary: 'List destinations of the audit, the oldest first',
    description: 'Filter by kind, name, client_id, enabled or created_at.',
    schemas: { query: strict(LIST_QUERY), output: pageOf(DestinationListed, 'Destinations') },
    example: { input: { query: { filter: 'enabled eq false' } }, output: { items: [LISTED] } },
    async run(services, { query }) {
      const page = await services.destinations.list(query);
      return { ...page, items: await listed(services, page.items) };
    },
  }),

  show: read({
    name: 'destinations.show',
    permission: 'audit:read',
    summary: 'Show a destination of the audit, with how far it has got',
    schemas: { params: PARAMS, output: DestinationListed },
    example: { input: FOR_ONE, output: LISTED },
    async run(services, { params: { id } }) {
      const [one] = await listed(services, [await existing(services, id)]);
      if (!one) throw notFound('destination', id);
      return one;
    },
  }),

  create: change({
    name: 'destinations.create',
    permission: 'audit:write',
    also: ['audit:read'],
    target: 'destination',
    summary: 'Create a destination of the audit; its secret is shown only now',
    description:
      'It gets what comes from now on, or all from an index or a time on. Of people it gets ids alone, unless details says otherwise.',
    schemas: {
      body: strict({
        kind: Kinded.kind,
        client_id: Type.Optional(Kinded.client_id),
        name,
        settings,
        ...Type.Partial(Type.Object(optional)).properties,
        from: Type.Optional(From),
      }),
      output: NewDestination,
    },
    example: {
      input: { body: { kind: 'webhook', name: 'SIEM', settings: EXAMPLE.settings, actions: ['users.*'], heads: true } },
      output: { ...EXAMPLE, secret: SECRET },
    },
    async plan(services, { body: { kind, client_id: clientId, from, ...body } }, call) {
      if (clientId !== undefined && !(await services.clients.find(clientId))) {
        throw invalidInput('client_id', 'is no client');
      }
      const input = { ...DEFAULTS, ...body, kind, clientId };
      assertDetails(call, input);
      const { secret, ...planned } = await services.destinations.creating(input, fromOf(from));
      assertTarget(kind, planned.after.settings, services.config);
      return {
        ...planOf(undefined, planned),
        // The secret of a dry run would be taken for one that works.
        result: () => ({ ...shown(planned.after), ...(secret === undefined || call.dryRun ? {} : { secret }) }),
      };
    },
  }),

  update: change({
    name: 'destinations.update',
    permission: 'audit:write',
    also: ['audit:read'],
    target: 'destination',
    summary: 'Change a destination of the audit',
    description: 'By JSON Merge Patch (RFC 7396). It goes on where it was.',
    schemas: { params: PARAMS, body: patch(SETTABLE, { title: 'DestinationPatch' }), output: DestinationShown },
    example: { input: { ...FOR_ONE, body: { actions: [] } }, output: { ...EXAMPLE, actions: [], version: 2 } },
    async plan(services, { params: { id }, body }, call) {
      const before = await changeable(services, id, call);
      const document = {
        name: before.name,
        settings: before.settings,
        actions: before.actions,
        outcomes: before.outcomes,
      };
      const { everybody, heads, details } = before;
      const input = mergePatch({ ...document, everybody, heads, details }, body) as DestinationInput;
      // Also for another address alone: personal data would go there.
      assertDetails(call, input);
      const planned = services.destinations.updating(before, input);
      if (body.settings !== undefined) assertTarget(before.kind, planned.after.settings, services.config);
      return planOf(before, planned);
    },
  }),

  remove: change({
    name: 'destinations.delete',
    permission: 'audit:write',
    target: 'destination',
    summary: 'Delete a destination of the audit, with its dead letters',
    schemas: {
      params: PARAMS,
      output: strict({ id: Id, deleted: Type.Literal(true) }, { title: 'DeletedDestination' }),
    },
    example: { input: FOR_ONE, output: { id: EXAMPLE.id, deleted: true } },
    async plan(services, { params: { id } }, call) {
      const before = await changeable(services, id, call);
      return {
        ...services.destinations.removing(before),
        target: { kind: 'destination', id },
        changes: changesOf(shown(before), {}, VISIBLE),
        result: () => ({ id, deleted: true as const }),
      };
    },
  }),

  enable: change({
    name: 'destinations.enable',
    permission: 'audit:write',
    target: 'destination',
    summary: 'Enable a destination of the audit: it goes on where it stopped',
    schemas: { params: PARAMS, output: DestinationShown },
    example: { input: FOR_ONE, output: { ...EXAMPLE, version: 3 } },
    async plan(services, { params: { id } }, call) {
      const before = await changeable(services, id, call);
      return planOf(before, services.destinations.enabling(before));
    },
  }),

  disable: change({
    name: 'destinations.disable',
    permission: 'audit:write',
    target: 'destination',
    summary: 'Disable a destination of the audit: nothing is sent, and the retention does not wait for it',
    schemas: { params: PARAMS, output: DestinationShown },
    example: { input: FOR_ONE, output: { ...EXAMPLE, enabled: false, version: 2 } },
    async plan(services, { params: { id } }, call) {
      const before = await changeable(services, id, call);
      return planOf(before, services.destinations.disabling(before));
    },
  }),

  replay: change({
    name: 'destinations.replay',
    permission: 'audit:write',
    target: 'destination',
    summary: 'Send entries to a destination of the audit again, from an index or a time on',
    description: 'Each entry has the same id as the first time.',
    schemas: { params: PARAMS, body: strict({ from: From }), output: DestinationShown },
    example: { input: { ...FOR_ONE, body: { from: 1000 } }, output: { ...EXAMPLE, position: 1000, version: 2 } },
    async plan(services, { params: { id }, body: { from } }, call) {
      const before = await changeable(services, id, call);
      return planOf(before, await services.destinations.replaying(before, fromOf(from) ?? 0));
    },
  }),

  rotateSecret: change({
    name: 'destinations.rotate_secret',
    permission: 'audit:write',
    also: ['audit:read'],
    target: 'destination',
    summary: 'Replace the secret of a destination of the audit; both sign for a time',
    schemas: {
      params: PARAMS,
      body: strict({
        overlap_seconds: Type.Optional(
          Type.Integer({
            minimum: 0,
            maximum: 30 * DAY_SECONDS,
            description: 'how long the old secret signs as well; a day by default',
          }),
        ),
      }),
      output: NewDestination,
    },
    example: { input: { ...FOR_ONE, body: {} }, output: { ...EXAMPLE, version: 2, secret: SECRET } },
    async plan(services, { params: { id }, body: { overlap_seconds: overlap = DAY_SECONDS } }, call) {
      const before = await changeable(services, id, call);
      const planned = await services.destinations.rotating(before, new Date(services.now() + 1_000 * overlap));
      const plan = planOf(before, planned);
      return {
        ...plan,
        changes: { ...plan.changes, secret: {} },
        result: () => ({ ...shown(planned.after), ...(call.dryRun ? {} : { secret: planned.secret }) }),
      };
    },
  }),
};

const DEFAULTS = { actions: [], outcomes: [], everybody: false, heads: false, details: false };

/** Who sets it up could read all of them there. @throws AppError 403 `beyond_own_permissions` */
function assertDetails({ actor }: Call, { details }: Pick<DestinationInput, 'details'>): void {
  if (details) assertMayGive(actor, [SEE_IN_FULL]);
}

/** A URL may have a token, and a name may be that of a person. */
const HIDDEN: readonly string[] = ['settings', 'name'];
const VISIBLE = Object.keys(DestinationShown.properties).filter((one) => !HIDDEN.includes(one));

const fromOf = (from: number | string | undefined) => (typeof from === 'string' ? new Date(from) : from);

async function listed(
  { db, config, now }: Pick<Services, 'db' | 'config' | 'now'>,
  all: readonly Destination[],
): Promise<Static<typeof DestinationListed>[]> {
  const ids = all.map(({ id }) => id);
  const lags = await lagsOf(db, ids, { now: now(), months: config.audit.retentionMonths });
  return all.map((one) => {
    const { since, holdsRetention = false } = lags.get(one.id) ?? {};
    return { ...shown(one), behind_since: since?.toISOString() ?? null, holds_retention: holdsRetention };
  });
}

async function existing(services: Pick<Services, 'destinations'>, id: string): Promise<Destination> {
  const found = await services.destinations.find(id);
  if (!found) throw notFound('destination', id);
  return found;
}

/** @throws AppError 404, 412 */
async function changeable(services: Pick<Services, 'destinations'>, id: string, call: Call): Promise<Destination> {
  const before = await existing(services, id);
  assertVersion('destination', before, call);
  return before;
}

function planOf(before: Destination | undefined, { statements, refuse, after }: PlannedDestination): Plan<Shown> {
  const { next_attempt_at: _, ...was } = before ? shown(before) : ({} as Partial<Shown>);
  const { next_attempt_at: __, ...is } = shown(after);
  return {
    statements,
    refuse,
    target: { kind: 'destination', id: after.id },
    changes: changesOf(was, is, VISIBLE),
    result: () => shown(after),
  };
}
