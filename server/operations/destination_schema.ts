import { type Static, Type } from 'typebox';
import { DESTINATION_KINDS, type DestinationKind, type DestinationSettings } from '../audit/destination_settings.ts';
import type { Destination } from '../audit/destinations.ts';
import { Id, Nullable, strict, Time, Version } from './schema.ts';

const Kind = Type.Unsafe<DestinationKind>({
  type: 'string',
  enum: [...DESTINATION_KINDS],
  description:
    'webhook: Standard Webhooks; cloudevents: CloudEvents 1.0, signed in the same way; syslog: RFC 5424 over TLS; file: JSON Lines on the disk of the server',
});

const Names = (description: string) =>
  Type.Array(Type.String({ minLength: 1, maxLength: 100, pattern: '^[a-z_.]+\\*?$' }), { maxItems: 100, description });

/** What a file, an operator or a program may set; each kind has its own members. */
export const Settings = strict(
  {
    url: Type.Optional(Type.String({ minLength: 1, maxLength: 2_000, description: 'of webhook and cloudevents' })),
    host: Type.Optional(Type.String({ minLength: 1, maxLength: 253, description: 'of syslog' })),
    port: Type.Optional(Type.Integer({ minimum: 1_024, maximum: 65_535, description: 'of syslog; 6514 by default' })),
    ca: Type.Optional(
      Type.String({ maxLength: 65_536, description: 'of syslog: authorities in PEM, in place of those of Node' }),
    ),
    enterprise_number: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 4_294_967_295,
        description:
          'of syslog: your private enterprise number, for the structured data; 32473, of examples, by default',
      }),
    ),
    file: Type.Optional(
      Type.String({ minLength: 1, maxLength: 128, description: 'of file: its name, in CARDEA_AUDIT_FILE_DIR' }),
    ),
  },
  { title: 'DestinationSettings' },
);

export const SETTABLE = {
  name: Type.String({ minLength: 1, maxLength: 200, description: 'for operators' }),
  settings: Settings,
  actions: Names(
    'only these actions, such as users.update, or users.* for all of them; of a client, types of events such as user.*; empty: all',
  ),
  outcomes: Type.Array(
    Type.Unsafe<'done' | 'refused' | 'denied'>({ type: 'string', enum: ['done', 'refused', 'denied'] }),
    { maxItems: 3, description: 'only these outcomes; empty: all' },
  ),
  everybody: Type.Boolean({ description: 'of a client: also events of people who have not used it; false by default' }),
  heads: Type.Boolean({ description: 'signed heads of the log are sent as well; false by default' }),
  details: Type.Boolean({
    description:
      'address and device are sent as well, in clear: you need users:read:pii; not for a client; false by default',
  }),
};

export const Kinded = { kind: Kind, client_id: Type.String({ minLength: 1, maxLength: 2_048 }) };

export const DestinationShown = strict(
  {
    id: Id,
    version: Version,
    kind: Kind,
    ...SETTABLE,
    client_id: Nullable(Type.String(), 'the client that gets the events of its people; null: the whole audit'),
    position: Type.Integer({ minimum: 0, description: 'the index of the entry that comes next' }),
    enabled: Type.Boolean(),
    disabled_reason: Nullable(
      Type.String(),
      'why the server has disabled it: status_410, when the receiver answered that it wants nothing more; dead_letters, when it has too many',
    ),
    attempts: Type.Integer({ minimum: 0, description: 'failed attempts for what comes next' }),
    last_failure: Nullable(Type.String(), 'such as status_503, time, connection, address or redirect'),
    next_attempt_at: Time,
    created_at: Time,
    updated_at: Time,
  },
  { title: 'Destination' },
);

/** With what depends on the time. */
export const DestinationListed = strict(
  {
    ...DestinationShown.properties,
    behind_since: Nullable(Time, 'when the oldest entry was written that it has not had yet; null when it has had all'),
    holds_retention: Type.Boolean({
      description:
        'entries that are older than the retention stay because of it: repair it, disable it, or move it on by a replay',
    }),
  },
  { title: 'DestinationWithLag' },
);

/** With the secret, which is shown only now. */
export const NewDestination = strict(
  {
    ...DestinationShown.properties,
    secret: Type.Optional(
      Type.String({ description: 'by which the receiver verifies signatures; it cannot be shown again' }),
    ),
  },
  { title: 'NewDestination' },
);

export const EXAMPLE: Static<typeof DestinationShown> = {
  id: '5b1f0e6c-6f6a-4a0e-9d0c-2b7f3f0a9c11',
  version: 1,
  kind: 'webhook',
  name: 'SIEM',
  settings: { url: 'https://siem.example.com/cardea' },
  actions: ['users.*'],
  outcomes: [],
  everybody: false,
  heads: true,
  details: false,
  client_id: null,
  position: 1042,
  enabled: true,
  disabled_reason: null,
  attempts: 0,
  last_failure: null,
  next_attempt_at: '2026-11-01T08:00:00.000Z',
  created_at: '2026-11-01T08:00:00.000Z',
  updated_at: '2026-11-01T08:00:00.000Z',
};

export function shownDestination(one: Destination): Static<typeof DestinationShown> {
  return {
    id: one.id,
    version: one.version,
    kind: one.kind,
    name: one.name,
    settings: { ...one.settings } satisfies DestinationSettings,
    actions: [...one.actions],
    outcomes: one.outcomes as Static<typeof DestinationShown>['outcomes'],
    everybody: one.everybody,
    heads: one.heads,
    details: one.details,
    client_id: one.clientId ?? null,
    position: one.position,
    enabled: one.enabled,
    disabled_reason: one.disabledReason ?? null,
    attempts: one.attempts,
    last_failure: one.lastFailure ?? null,
    next_attempt_at: one.nextAttemptAt.toISOString(),
    created_at: one.createdAt.toISOString(),
    updated_at: one.updatedAt.toISOString(),
  };
}
