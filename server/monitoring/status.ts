import { timeOfUuidv7 } from '../platform/ids.ts';
import type { View } from '../views/view.ts';
import { isJobLate, type NodeFacts, type Reading } from './facts.ts';
import type { Minute } from './history.ts';

/** A row of a table: what is told of, its value, and whether it needs somebody. */
export interface StatusRow {
  readonly name: string;
  readonly value: string;
  readonly isWrong: boolean;
}

/** A chart, drawn as bars of one SVG: it is read without a script and without styles of its own. */
export interface Chart {
  readonly title: string;
  /** Bars from 0 to 100, the oldest first. */
  readonly bars: readonly number[];
  /** The values of the highest bar and of the last one. */
  readonly most: string;
  readonly last: string;
}

export interface StatusData {
  readonly sections: readonly { readonly id: string; readonly title: string; readonly rows: readonly StatusRow[] }[];
  readonly charts: readonly Chart[];
  readonly minutes: number;
}

/** In English alone, as all texts of operators. */
export const statusView: View<StatusData> = { template: 'status', layout: 'page', title: () => 'Status' };

const SEALED_WITHIN_SECONDS = 120;
const QUEUE_OVERDUE_SECONDS = 300;

/** @param now milliseconds since the epoch */
export function statusData(node: NodeFacts, reading: Reading, minutes: readonly Minute[], now: number): StatusData {
  return { sections: sectionsOf(node, reading, now), charts: chartsOf(minutes), minutes: minutes.length };
}

function sectionsOf(node: NodeFacts, reading: Reading, now: number): StatusData['sections'] {
  const { shared, redis, ready } = reading;
  const pool = node.pool();
  const hashing = node.passwordHashing();
  const yes = (name: string, isRight: boolean) => row(name, isRight ? 'yes' : 'no', !isRight);
  const here = [
    yes('Can serve sign-ins', ready),
    yes('The database answers', shared !== undefined),
    ...(redis === undefined ? [] : [yes('Redis answers', redis)]),
    yes('Hears of changes by other nodes', node.isListening()),
    yes('May sign', node.maySign()),
    row(
      'Connections to the database',
      `${pool.busy} of ${pool.most} in use, ${pool.waiting} callers wait`,
      pool.waiting > 0,
    ),
    row(
      'Passwords',
      `${hashing.running} are verified, ${hashing.waiting} of ${hashing.waitingMax} wait, ${hashing.refused} were refused`,
      hashing.waiting >= hashing.waitingMax,
    ),
    row('Version', `${node.version}, Node ${process.versions.node}, started ${ago(node.startedAt, now)}`),
  ];
  const jobs = node.jobs().map((job) => {
    const { name, lastSuccessAt, failed } = job;
    const isLate = isJobLate(job, node, now);
    const last = lastSuccessAt === undefined ? 'has not succeeded yet' : `succeeded ${ago(lastSuccessAt, now)}`;
    return row(name, `${last}; ${failed} failed`, isLate);
  });
  return [
    { id: 'here', title: 'This node', rows: here },
    ...(shared ? sharedSections(shared, node, now) : []),
    { id: 'jobs', title: 'Background jobs of this node', rows: jobs },
  ];
}

function sharedSections(
  { keys, mails, deliveries, audit, destinations, backups }: NonNullable<Reading['shared']>,
  node: NodeFacts,
  now: number,
): StatusData['sections'] {
  const queue = (name: string, { waiting, tried, due }: typeof mails) => {
    const isOverdue = due !== null && now - due.getTime() > QUEUE_OVERDUE_SECONDS * 1_000;
    return row(name, `${waiting} wait, ${tried} of them were tried`, isOverdue);
  };
  const waitsSince = audit.oldest === null ? undefined : timeOfUuidv7(audit.oldest).getTime();
  return [
    {
      id: 'keys',
      title: 'Keys',
      rows: keys.map(({ ring, state, since }) => {
        const isLate = state === 'active' && now - since > node.keyRotation * 1_050 + 3_600_000;
        return row(`${ring}, ${state}`, `for ${lasting(now - since)}`, isLate);
      }),
    },
    {
      id: 'queues',
      title: 'Queues',
      rows: [queue('Mails', mails), queue('Messages to apps', deliveries)],
    },
    {
      id: 'audit',
      title: 'Audit',
      rows: [
        row('Entries in the log', String(audit.size ?? 0)),
        row(
          'Entries without a place',
          waitsSince === undefined ? '0' : `${audit.waiting}, the oldest from ${ago(waitsSince, now)}`,
          waitsSince !== undefined && now - waitsSince > SEALED_WITHIN_SECONDS * 1_000,
        ),
        row('Entries that Cardea did not write', String(audit.refused), audit.refused > 0),
        row('Newest signed head', audit.head_at ? ago(audit.head_at.getTime(), now) : 'none yet'),
        ...destinations.map(({ name, enabled, since, deadLetters }) =>
          row(
            `Destination ${name}`,
            `${enabled ? (since === undefined ? 'has everything' : `behind for ${lasting(now - since)}`) : 'disabled'}; ${deadLetters} not delivered`,
            deadLetters > 0 || (enabled && since !== undefined && now - since > 900_000),
          ),
        ),
      ],
    },
    { id: 'backups', title: 'Backups', rows: backupRows(backups, now) },
  ];
}

function backupRows({ good, failed }: NonNullable<Reading['shared']>['backups'], now: number): StatusRow[] {
  const last = row('Last good one', good ? ago(good.began_at.getTime(), now) : 'none yet');
  if (!failed) return [last];
  return [last, row('Failed since', `${ago(failed.began_at.getTime(), now)}: ${failed.failure}`, true)];
}

function row(name: string, value: string, isWrong = false): StatusRow {
  return { name, value, isWrong };
}

function chartsOf(minutes: readonly Minute[]): readonly Chart[] {
  const chart = (title: string, of: (minute: Minute) => number, text: (value: number) => string = String): Chart => {
    const values = minutes.map(of);
    const most = Math.max(0, ...values);
    return {
      title,
      bars: values.map((value) => (most === 0 ? 0 : Math.round((100 * value) / most))),
      most: text(most),
      last: text(values.at(-1) ?? 0),
    };
  };
  return [
    chart('Responses', ({ responses }) => responses),
    chart('Errors of the server', ({ errors }) => errors),
    chart('Sign-ins', ({ signIns }) => signIns),
    chart('Failed sign-ins', ({ failedSignIns }) => failedSignIns),
    chart(
      'Longest delay of the main thread',
      ({ delayMs }) => delayMs,
      (ms) => `${ms} ms`,
    ),
    chart(
      'Memory',
      ({ memoryBytes }) => memoryBytes,
      (bytes) => `${Math.round(bytes / 2 ** 20)} MiB`,
    ),
  ];
}

const UNITS = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
] as const;

/** @returns such as `3 hours ago` */
const ago = (at: number, now: number): string => `${lasting(now - at)} ago`;

function lasting(milliseconds: number): string {
  const passed = Math.max(0, milliseconds);
  const [ms, unit] = UNITS.find(([length]) => passed >= length) ?? [1_000, 'second'];
  const count = Math.floor(passed / ms);
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
