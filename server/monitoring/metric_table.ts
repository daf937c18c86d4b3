import { timeOfUuidv7 } from '../platform/ids.ts';
import { DURATION_BOUNDS } from '../platform/request_stats.ts';
import type { NodeFacts, Reading, SharedFacts } from './facts.ts';

export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One metric, and how it is made of the facts. Names follow https://prometheus.io/docs/practices/naming/. */
export interface Metric {
  readonly type: 'counter' | 'gauge';
  /** One sentence, which is also in ops/docs/monitoring.md. */
  readonly help: string;
  /** Each has a few values alone: never an id, an address or a URL. */
  readonly labels?: readonly string[];
  /** @param now milliseconds since the epoch */
  samples(node: NodeFacts, reading: Reading, now: number): readonly Sample[];
}

const one = (value: number): readonly Sample[] => [{ value }];
const flag = (value: boolean): readonly Sample[] => one(value ? 1 : 0);
const byLabel = (name: string, counts: ReadonlyMap<string, number>): readonly Sample[] =>
  [...counts].map(([label, value]) => ({ labels: { [name]: label }, value }));
const secondsSince = (at: number, now: number): number => Math.max(0, (now - at) / 1_000);

/** Of what all nodes share: no samples while the database does not answer. */
const ofShared =
  (samples: (shared: SharedFacts, now: number) => readonly Sample[]): Metric['samples'] =>
  (_node, { shared }, now) =>
    shared ? samples(shared, now) : [];

const overdue = (due: Date | null, now: number): readonly Sample[] => one(due ? secondsSince(due.getTime(), now) : 0);

/** How old the oldest key of each ring and state is. */
function keyAges({ keys }: SharedFacts, now: number): readonly Sample[] {
  const oldest = new Map<string, Sample>();
  for (const { ring, state, since } of keys) {
    const value = secondsSince(since, now);
    const name = `${ring} ${state}`;
    if (value >= (oldest.get(name)?.value ?? 0)) oldest.set(name, { labels: { ring, state }, value });
  }
  return [...oldest.values()];
}

const STATES = ['pending', 'active', 'retiring'] as const;

/** Also for a state that no key of the ring has, so that an alert can ask for it. */
function keyCounts({ keys }: SharedFacts): readonly Sample[] {
  const rings = [...new Set(keys.map(({ ring }) => ring))];
  return rings.flatMap((ring) =>
    STATES.map((state) => ({
      labels: { ring, state },
      value: keys.filter((key) => key.ring === ring && key.state === state).length,
    })),
  );
}

export const METRICS = {
  cardea_build_info: {
    type: 'gauge',
    help: 'Always 1; the labels are the versions of Cardea and of Node.',
    labels: ['version', 'node'],
    samples: ({ version }) => [{ labels: { version, node: process.versions.node }, value: 1 }],
  },
  cardea_ready: {
    type: 'gauge',
    help: 'Whether this node can serve sign-ins, as /readyz says: 1 or 0.',
    samples: (_node, { ready }) => flag(ready),
  },
  cardea_http_requests_total: {
    type: 'counter',
    help: 'Responses by method, route and class of the status. The route is its template, or (none) for a path without one.',
    labels: ['method', 'route', 'status'],
    samples: ({ requests }) =>
      requests.all().flatMap(({ method, route, statuses }) =>
        statuses.flatMap((value, digit) => {
          return value === 0 ? [] : [{ labels: { method, route, status: `${digit}xx` }, value }];
        }),
      ),
  },
  cardea_sign_ins_total: {
    type: 'counter',
    help: 'Sign-ins that were completed (outcome done), and wrong guesses by their reason, such as wrong_password or locked.',
    labels: ['outcome'],
    samples: ({ signIns }) => byLabel('outcome', signIns.all()),
  },
  cardea_lockouts_total: {
    type: 'counter',
    help: 'Accounts that were locked after wrong passwords or codes, by factor.',
    labels: ['factor'],
    samples: ({ lockouts }) => byLabel('factor', lockouts.all()),
  },
  cardea_limit_refusals_total: {
    type: 'counter',
    help: 'Requests that a limit has refused, by its name in ops/docs/configuration.md#limits.',
    labels: ['limit'],
    samples: ({ refusals }) => byLabel('limit', refusals.all()),
  },
  cardea_password_hashes_running: {
    type: 'gauge',
    help: 'Passwords that are hashed or verified at this moment.',
    samples: ({ passwordHashing }) => one(passwordHashing().running),
  },
  cardea_password_hashes_waiting: {
    type: 'gauge',
    help: 'Passwords that wait to be hashed or verified.',
    samples: ({ passwordHashing }) => one(passwordHashing().waiting),
  },
  cardea_password_hashes_waiting_max: {
    type: 'gauge',
    help: 'How many may wait; further ones are refused with 503.',
    samples: ({ passwordHashing }) => one(passwordHashing().waitingMax),
  },
  cardea_password_hashes_refused_total: {
    type: 'counter',
    help: 'Passwords that were not hashed or verified because too many waited.',
    samples: ({ passwordHashing }) => one(passwordHashing().refused),
  },
  cardea_database_up: {
    type: 'gauge',
    help: 'Whether the database answered the last reading in time: 1 or 0. While it is 0, metrics of what all nodes share are absent.',
    samples: (_node, { shared }) => flag(shared !== undefined),
  },
  cardea_database_reading_seconds: {
    type: 'gauge',
    help: 'How long the last reading of what all nodes share took.',
    samples: (_node, { seconds }) => one(seconds),
  },
  cardea_database_pool_connections: {
    type: 'gauge',
    help: 'Connections of the pool of this node, by state (busy or idle).',
    labels: ['state'],
    samples({ pool }) {
      const { busy, idle } = pool();
      return byLabel('state', new Map(Object.entries({ busy, idle })));
    },
  },
  cardea_database_pool_connections_max: {
    type: 'gauge',
    help: 'CARDEA_DATABASE_POOL.',
    samples: ({ pool }) => one(pool().most),
  },
  cardea_database_pool_waiting: {
    type: 'gauge',
    help: 'Callers that wait for a connection of the pool.',
    samples: ({ pool }) => one(pool().waiting),
  },
  cardea_notifications_connected: {
    type: 'gauge',
    help: 'Whether this node hears at once what other nodes change: 1 or 0. While it is 0 nothing is cached.',
    samples: ({ isListening }) => flag(isListening()),
  },
  cardea_cache_hits_total: {
    type: 'counter',
    help: 'Reads that a cache has answered, by cache.',
    labels: ['cache'],
    samples: ({ caches }) => Object.entries(caches).map(([cache, { hits }]) => ({ labels: { cache }, value: hits })),
  },
  cardea_cache_misses_total: {
    type: 'counter',
    help: 'Reads of a cache that the database has answered, by cache.',
    labels: ['cache'],
    samples: ({ caches }) =>
      Object.entries(caches).map(([cache, { misses }]) => ({ labels: { cache }, value: misses })),
  },
  cardea_cache_entries: {
    type: 'gauge',
    help: 'Values in memory, by cache.',
    labels: ['cache'],
    samples: ({ caches }) => Object.entries(caches).map(([cache, { size }]) => ({ labels: { cache }, value: size })),
  },
  cardea_redis_connected: {
    type: 'gauge',
    help: 'Whether Redis answers: 1, or 0 while this node counts limits for itself. Absent without CARDEA_REDIS_URL.',
    samples: (_node, { redis }) => (redis === undefined ? [] : flag(redis)),
  },
  // Not `job`: Prometheus gives each sample a label of that name.
  cardea_job_runs_total: {
    type: 'counter',
    help: 'Runs of background jobs of this node, by job and outcome (done or failed).',
    labels: ['job_name', 'outcome'],
    samples: ({ jobs }) =>
      jobs().flatMap(({ name: job_name, succeeded, failed }) => [
        { labels: { job_name, outcome: 'done' }, value: succeeded },
        { labels: { job_name, outcome: 'failed' }, value: failed },
      ]),
  },
  cardea_job_lag_seconds: {
    type: 'gauge',
    help: 'Time since a background job of this node last succeeded, or since the start of the node, by job.',
    labels: ['job_name'],
    samples: ({ jobs, startedAt }, _reading, now) =>
      jobs().map(({ name: job_name, lastSuccessAt = startedAt }) => {
        return { labels: { job_name }, value: secondsSince(lastSuccessAt, now) };
      }),
  },
  cardea_job_interval_seconds: {
    type: 'gauge',
    help: 'How often a background job runs, by job.',
    labels: ['job_name'],
    samples: ({ jobs }) =>
      jobs().map(({ name: job_name, everyMs }) => ({ labels: { job_name }, value: everyMs / 1_000 })),
  },
  cardea_keys: {
    type: 'gauge',
    help: 'Signing keys and cookie keys that are not retired, by ring and state.',
    labels: ['ring', 'state'],
    samples: ofShared(keyCounts),
  },
  cardea_key_age_seconds: {
    type: 'gauge',
    help: 'How long the oldest key of a ring and state has been in that state.',
    labels: ['ring', 'state'],
    samples: ofShared(keyAges),
  },
  cardea_key_rotation_seconds: {
    type: 'gauge',
    help: 'CARDEA_KEY_ROTATION.',
    samples: ({ keyRotation }) => one(keyRotation),
  },
  cardea_key_publication_seconds: {
    type: 'gauge',
    help: 'How long before the rotation the next key of a ring is published.',
    samples: ({ keyPublication }) => one(keyPublication),
  },
  cardea_may_sign: {
    type: 'gauge',
    help: 'Whether this node may sign tokens: 1, or 0 when it has not reached the database for too long.',
    samples: ({ maySign }) => flag(maySign()),
  },
  cardea_mails_waiting: {
    type: 'gauge',
    help: 'Mails that wait to be sent, those for later included; counted up to 10,000.',
    samples: ofShared(({ mails }) => one(mails.waiting)),
  },
  cardea_mails_tried: {
    type: 'gauge',
    help: 'Waiting mails that were tried at least once.',
    samples: ofShared(({ mails }) => one(mails.tried)),
  },
  cardea_mails_overdue_seconds: {
    type: 'gauge',
    help: 'For how long the first waiting mail is due.',
    samples: ofShared(({ mails }, now) => overdue(mails.due, now)),
  },
  cardea_deliveries_waiting: {
    type: 'gauge',
    help: 'Logouts and notifications that wait to be delivered to apps; counted up to 10,000.',
    samples: ofShared(({ deliveries }) => one(deliveries.waiting)),
  },
  cardea_deliveries_tried: {
    type: 'gauge',
    help: 'Waiting deliveries that were tried at least once.',
    samples: ofShared(({ deliveries }) => one(deliveries.tried)),
  },
  cardea_deliveries_overdue_seconds: {
    type: 'gauge',
    help: 'For how long the first waiting delivery is due.',
    samples: ofShared(({ deliveries }, now) => overdue(deliveries.due, now)),
  },
  cardea_audit_unsealed_entries: {
    type: 'gauge',
    help: 'Entries of the audit that wait for their place in its log; counted up to 10,000.',
    samples: ofShared(({ audit }) => one(audit.waiting)),
  },
  cardea_audit_unsealed_age_seconds: {
    type: 'gauge',
    help: 'How long the oldest of them has waited.',
    samples: ofShared(({ audit }, now) =>
      one(audit.oldest === null ? 0 : secondsSince(timeOfUuidv7(audit.oldest).getTime(), now)),
    ),
  },
  cardea_audit_refused_entries: {
    type: 'gauge',
    help: 'Rows in the audit that Cardea did not write, and which get no place; counted up to 10,000.',
    samples: ofShared(({ audit }) => one(audit.refused)),
  },
  cardea_audit_log_entries: {
    type: 'gauge',
    help: 'Entries in the log of the audit.',
    samples: ofShared(({ audit }) => one(Number(audit.size ?? 0))),
  },
  cardea_audit_head_entries: {
    type: 'gauge',
    help: 'Entries in the newest signed head of the log.',
    samples: ofShared(({ audit }) => one(Number(audit.head_size ?? 0))),
  },
  cardea_audit_head_age_seconds: {
    type: 'gauge',
    help: 'Time since the newest head of the log was signed. A new one is signed when entries have come.',
    samples: ofShared(({ audit }, now) => (audit.head_at ? one(secondsSince(audit.head_at.getTime(), now)) : [])),
  },
  cardea_audit_head_interval_seconds: {
    type: 'gauge',
    help: 'CARDEA_AUDIT_HEAD_INTERVAL.',
    samples: ({ auditHeadInterval }) => one(auditHeadInterval),
  },
  cardea_audit_destination_lag_seconds: {
    type: 'gauge',
    help: 'Age of the oldest entry that an enabled destination of the audit has not had, by its name; of the first 50.',
    labels: ['destination'],
    samples: ofShared(({ destinations }, now) =>
      destinations
        .filter(({ enabled }) => enabled)
        .map(({ name, since }) => ({
          labels: { destination: name },
          value: since === undefined ? 0 : secondsSince(since, now),
        })),
    ),
  },
  cardea_audit_dead_letters: {
    type: 'gauge',
    help: 'What could not be delivered to a destination of the audit, by its name; of the first 50, each counted up to 10,000.',
    labels: ['destination'],
    samples: ofShared(({ destinations }) =>
      destinations.map(({ name, deadLetters }) => ({ labels: { destination: name }, value: deadLetters })),
    ),
  },
  cardea_backup_age_seconds: {
    type: 'gauge',
    help: 'Time since the last good backup began. Absent before the first.',
    samples: ofShared(({ backups: { good } }, now) => (good ? one(secondsSince(good.began_at.getTime(), now)) : [])),
  },
  cardea_backup_failed: {
    type: 'gauge',
    help: '1 when the newest backup has failed.',
    samples: ofShared(({ backups: { failed } }) => one(failed ? 1 : 0)),
  },
  cardea_tls_certificate_expiry_timestamp_seconds: {
    type: 'gauge',
    help: 'When the certificate of CARDEA_TLS_CERT expires, in seconds since the epoch. Absent where TLS ends at a proxy.',
    samples: ({ certificateExpiresAt }) =>
      certificateExpiresAt === undefined ? [] : one(certificateExpiresAt / 1_000),
  },
} as const satisfies Readonly<Record<`cardea_${string}`, Metric>>;

/** The one histogram, whose samples have names of their own. */
export const DURATIONS = {
  name: 'cardea_http_request_duration_seconds',
  help: 'Time from the request until its response was sent, by method and route.',
  labels: ['method', 'route'],
  samples: ({ requests }: Pick<NodeFacts, 'requests'>) =>
    requests.all().flatMap(({ method, route, durations, seconds }) => {
      let count = 0;
      const buckets = durations.map((own, index) => {
        count += own;
        return { suffix: '_bucket', labels: { method, route, le: DURATION_BOUNDS[index] ?? '+Inf' }, value: count };
      });
      const labels = { method, route };
      return [...buckets, { suffix: '_sum', labels, value: seconds }, { suffix: '_count', labels, value: count }];
    }),
} as const;
