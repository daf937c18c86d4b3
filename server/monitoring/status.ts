import { timeOfUuidv7 } from '../platform/ids.ts';
import { createTranslator, type Locale, type MessageKey, type NameUnder } from '../views/messages.ts';
import type { View } from '../views/view.ts';
import { isJobLate, type NodeFacts, type Reading } from './facts.ts';
import type { Minute } from './history.ts';

/** A row of a table: what is told of, its value, and whether it needs somebody. */
export interface StatusRow {
  readonly name: string;
  readonly value: string;
  readonly isWrong: boolean;
  /** The name is a word of the log and the metrics, which is the same in all languages. */
  readonly isWord?: boolean;
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

export const statusView: View<StatusData> = { template: 'status', layout: 'page', title: 'status.title' };

const SEALED_WITHIN_SECONDS = 120;
const QUEUE_OVERDUE_SECONDS = 300;

/** @param now milliseconds since the epoch */
export function statusData(
  node: NodeFacts,
  reading: Reading,
  minutes: readonly Minute[],
  { now, locale }: { readonly now: number; readonly locale: Locale },
): StatusData {
  const words = wordsOf(locale, now);
  return {
    sections: sectionsOf(node, reading, words),
    charts: chartsOf(minutes, words),
    minutes: minutes.length,
  };
}

/** Texts, numbers and times in one language. */
interface Words {
  readonly now: number;
  t(key: MessageKey, values?: Readonly<Record<string, string | number>>): string;
  number(value: number): string;
  /** Such as “3 hours”. @param milliseconds of any sign; below 0 counts as 0 */
  lasting(milliseconds: number): string;
  /** Such as “3 hours ago”. @param at milliseconds since the epoch */
  ago(at: number): string;
}

const UNITS = [
  [86_400_000, 'day'],
  [3_600_000, 'hour'],
  [60_000, 'minute'],
] as const;

function wordsOf(locale: Locale, now: number): Words {
  const { t } = createTranslator(locale);
  const numbers = new Intl.NumberFormat(locale);
  const passed = new Intl.RelativeTimeFormat(locale, { numeric: 'always' });
  const number = (value: number) => numbers.format(value);
  const inUnits = (milliseconds: number) => {
    const [length, unit] = UNITS.find(([one]) => milliseconds >= one) ?? ([1_000, 'second'] as const);
    return [Math.max(0, Math.floor(milliseconds / length)), unit] as const;
  };
  return {
    now,
    t: (key, values = {}) =>
      t(
        key,
        Object.fromEntries(
          Object.entries(values).map(([name, value]) => [name, typeof value === 'number' ? number(value) : value]),
        ),
      ),
    number,
    lasting(milliseconds) {
      const [count, unit] = inUnits(milliseconds);
      return new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' }).format(count);
    },
    ago(at) {
      const [count, unit] = inUnits(now - at);
      return passed.format(-count, unit);
    },
  };
}

function sectionsOf(node: NodeFacts, reading: Reading, words: Words): StatusData['sections'] {
  const { now, t, ago } = words;
  const { shared, redis, ready } = reading;
  const pool = node.pool();
  const hashing = node.passwordHashing();
  const yes = (name: MessageKey, isRight: boolean) => row(t(name), t(isRight ? 'status.yes' : 'status.no'), !isRight);
  const here = [
    yes('status.ready', ready),
    yes('status.database', shared !== undefined),
    ...(redis === undefined ? [] : [yes('status.redis', redis)]),
    yes('status.listening', node.isListening()),
    yes('status.signing', node.maySign()),
    row(t('status.pool'), t('status.pool.value', { ...pool }), pool.waiting > 0),
    row(
      t('status.passwords'),
      t('status.passwords.value', { ...hashing, most: hashing.waitingMax }),
      hashing.waiting >= hashing.waitingMax,
    ),
    row(
      t('status.version'),
      t('status.version.value', { version: node.version, node: process.versions.node, since: ago(node.startedAt) }),
    ),
  ];
  const jobs = node.jobs().map((job) => {
    const { name, lastSuccessAt, failed } = job;
    const value =
      lastSuccessAt === undefined
        ? t('status.job.never', { failed })
        : t('status.job.value', { failed, since: ago(lastSuccessAt) });
    return { ...row(name, value, isJobLate(job, node, now)), isWord: true };
  });
  return [
    { id: 'here', title: t('status.here'), rows: here },
    ...(shared ? sharedSections(shared, node, words) : []),
    { id: 'jobs', title: t('status.jobs'), rows: jobs },
  ];
}

function sharedSections(
  { keys, mails, deliveries, audit, destinations, backups }: NonNullable<Reading['shared']>,
  node: NodeFacts,
  words: Words,
): StatusData['sections'] {
  const { now, t, number, lasting, ago } = words;
  const queue = (name: MessageKey, { waiting, tried, due }: typeof mails) => {
    const isOverdue = due !== null && now - due.getTime() > QUEUE_OVERDUE_SECONDS * 1_000;
    return row(t(name), t('status.queue.value', { waiting, tried }), isOverdue);
  };
  const waitsSince = audit.oldest === null ? undefined : timeOfUuidv7(audit.oldest).getTime();
  return [
    {
      id: 'keys',
      title: t('status.keys'),
      rows: keys.map(({ ring, state, since }) => {
        const isLate = state === 'active' && now - since > node.keyRotation * 1_050 + 3_600_000;
        return row(t(`status.key.${state}`, { ring }), t('status.key.value', { time: lasting(now - since) }), isLate);
      }),
    },
    {
      id: 'queues',
      title: t('status.queues'),
      rows: [queue('status.mails', mails), queue('status.deliveries', deliveries)],
    },
    {
      id: 'audit',
      title: t('status.audit'),
      rows: [
        row(t('status.audit.size'), number(Number(audit.size ?? 0))),
        row(
          t('status.audit.waiting'),
          waitsSince === undefined
            ? number(0)
            : t('status.audit.waiting.value', { count: audit.waiting, since: ago(waitsSince) }),
          waitsSince !== undefined && now - waitsSince > SEALED_WITHIN_SECONDS * 1_000,
        ),
        row(t('status.audit.refused'), number(audit.refused), audit.refused > 0),
        row(t('status.audit.head'), audit.head_at ? ago(audit.head_at.getTime()) : t('status.none')),
        ...destinations.map((one) => destinationRow(one, words)),
      ],
    },
    { id: 'backups', title: t('status.backups'), rows: backupRows(backups, words) },
  ];
}

function destinationRow(
  { name, enabled, since, deadLetters: lost }: NonNullable<Reading['shared']>['destinations'][number],
  { now, t, lasting }: Words,
): StatusRow {
  const value = !enabled
    ? t('status.destination.disabled', { lost })
    : since === undefined
      ? t('status.destination.complete', { lost })
      : t('status.destination.behind', { lost, time: lasting(now - since) });
  const isWrong = lost > 0 || (enabled && since !== undefined && now - since > 900_000);
  return row(t('status.destination', { name }), value, isWrong);
}

function backupRows({ good, failed }: NonNullable<Reading['shared']>['backups'], { t, ago }: Words): StatusRow[] {
  const last = row(t('status.backup.good'), good ? ago(good.began_at.getTime()) : t('status.none'));
  if (!failed) return [last];
  const { began_at: at, failure } = failed;
  const value = t('status.backup.failed.value', { since: ago(at.getTime()), failure: String(failure) });
  return [last, row(t('status.backup.failed'), value, true)];
}

function row(name: string, value: string, isWrong = false): StatusRow {
  return { name, value, isWrong };
}

/** By the name of the text: the value of a minute, and its unit. */
const CHARTS: readonly (readonly [NameUnder<'status.chart'>, (minute: Minute) => number, string?])[] = [
  ['responses', ({ responses }) => responses],
  ['errors', ({ errors }) => errors],
  ['sign-ins', ({ signIns }) => signIns],
  ['failed-sign-ins', ({ failedSignIns }) => failedSignIns],
  ['delay', ({ delayMs }) => delayMs, 'ms'],
  ['memory', ({ memoryBytes }) => Math.round(memoryBytes / 2 ** 20), 'MiB'],
];

function chartsOf(minutes: readonly Minute[], { t, number }: Words): readonly Chart[] {
  return CHARTS.map(([name, of, unit]) => {
    const values = minutes.map(of);
    const most = Math.max(0, ...values);
    const text = (value: number) => (unit === undefined ? number(value) : `${number(value)} ${unit}`);
    return {
      title: t(`status.chart.${name}`),
      bars: values.map((value) => (most === 0 ? 0 : Math.round((100 * value) / most))),
      most: text(most),
      last: text(values.at(-1) ?? 0),
    };
  });
}
