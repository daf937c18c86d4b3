import { COOKIE_RING } from '../../keys/jwks.ts';
import { openStorage } from '../backup/open_storage.ts';
import { isStored } from '../backup/storage_checks.ts';
import type { Config } from '../config.ts';
import { audit } from '../operations/audit.ts';
import { auditLog } from '../operations/audit_log.ts';
import { backups } from '../operations/backups.ts';
import { deliveries } from '../operations/deliveries.ts';
import { destinations } from '../operations/destinations.ts';
import { keys } from '../operations/keys.ts';
import { mails } from '../operations/mails.ts';
import { LIST_LIMIT_MAX } from '../platform/listing.ts';
import { type Check, type Finding, ok, problem, skipped, warning } from './check.ts';

/* The state that servers leave in the database: it shows whether their background jobs keep up. */

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

export const checkMasterKey: Check = async ({ stores, sealer }) => {
  const { keyRing, openAccounts } = await stores();
  await openAccounts();
  const [current = ''] = (await sealer()).keyIds;
  const nodes = await keyRing.nodes();
  const without = nodes.filter(({ masterKeys }) => !masterKeys.includes(current));
  if (without.length === 0) return ok(`it opens what is sealed; its id is ${current}`);
  return warning(
    `${without.length} of ${nodes.length} running servers do not have the master key ${current}`,
    'Restart them with both keys (ops/docs/secrets.md) before "cardea master-key rotate", and before the old one is dropped.',
  );
};

export const checkNodes: Check = async ({ stores }) => {
  const nodes = await (await stores()).keyRing.nodes();
  if (nodes.length === 0) return warning('no server runs', 'Start one, and see its log.');
  return ok(`${nodes.length} ${nodes.length === 1 ? 'server runs' : 'servers run'}`);
};

/** Each ring has a key that signs, and none is much older than the settings say. */
export const checkKeys: Check = async ({ stores, config, now }) => {
  const { items } = await (await stores()).read(keys.list, { query: { all: true, limit: LIST_LIMIT_MAX } });
  const { rotationSeconds, jwksMaxAgeSeconds, pollSeconds } = config.keys;
  const latest = 1_000 * (rotationSeconds + 2 * (jwksMaxAgeSeconds + pollSeconds)) + HOUR_MS;
  const rings = [COOKIE_RING, ...config.keys.rings];
  const findings = rings.flatMap((ring): Finding[] => {
    const own = items.filter((key) => key.ring === ring);
    const active = own.find(({ state }) => state === 'active');
    if (!active) return [problem(`no key of ${ring} signs`, 'Start a server, which makes one, and see its log.')];
    const age = now() - Date.parse(active.activated_at ?? active.created_at ?? '');
    if (!(age > latest)) return [];
    return [
      problem(
        `the key of ${ring} has signed for ${Math.floor(age / 86_400_000)} days, and should have been replaced`,
        'See whether a server runs, and its log about the job "keys".',
      ),
    ];
  });
  return findings.length > 0 ? findings : ok(`each of ${rings.join(', ')} has a key that signs, as old as it may be`);
};

/** Entries are signed at the interval of the settings, or a little later. */
const SEALING_GRACE_MS = 2 * MINUTE_MS;

export const checkAudit: Check = async ({ stores, config, now }) => {
  const { read } = await stores();
  const { newest } = await read(auditLog.heads, { query: { limit: 1 } });
  const { items } = await read(audit.list, { query: { sort: '-at', limit: 1 } });
  const entry = Date.parse(items[0]?.at ?? '');
  const head = Date.parse(newest?.head.time ?? '');
  const latest = 1_000 * config.audit.headSeconds + SEALING_GRACE_MS;
  const waits = !Number.isNaN(entry) && !(head >= entry) && now() - entry > latest;
  if (waits)
    return problem(
      `entries of the audit have waited for a signature since ${new Date(entry).toISOString()}`,
      'See whether a server runs, and its log about the job "sealing of the audit".',
    );
  return ok(newest ? `the newest head is of ${newest.head.time}` : 'no head is due');
};

export const checkDestinations: Check = async ({ stores, now }) => {
  const { items } = await (await stores()).read(destinations.list, { query: { limit: LIST_LIMIT_MAX } });
  if (items.length === 0) return skipped('the audit is sent nowhere');
  const findings = items.flatMap((one): Finding[] => {
    const remedy = `Run "cardea audit destinations show ${one.id}"; ops/docs/audit-delivery.md explains the reasons.`;
    if (!one.enabled && one.disabled_reason)
      return [problem(`the destination ${one.name} was disabled (${one.disabled_reason})`, remedy)];
    if (one.enabled && now() - Date.parse(one.behind_since ?? '') > HOUR_MS)
      return [
        problem(
          `the destination ${one.name} is behind since ${one.behind_since}${one.last_failure ? ` (${one.last_failure})` : ''}`,
          remedy,
        ),
      ];
    return [];
  });
  return findings.length > 0 ? findings : ok(`${items.length} have all, or nearly all`);
};

/** A backup may be as old as its interval, and as long again for making it and for a failure that is tried again. */
const BACKUP_INTERVALS = 2;
/** Where backups are made by a command alone: once a day is what people expect. */
const BACKUP_SECONDS = 86_400;

export const checkBackups: Check = async ({ stores, config }) => {
  const { configured, age_seconds: age, last, failed } = await (await stores()).read(backups.status, {});
  const { to, recipients } = config.backup;
  if (!configured && (to !== undefined || recipients.length > 0)) {
    const names = ['CARDEA_BACKUP_TO', 'CARDEA_BACKUP_RECIPIENTS'];
    const [set, other] = to !== undefined ? names : names.toReversed();
    return warning(`no backups are made: ${set} is set, and ${other} is not`, `Set ${other} too (ops/docs/backup.md).`);
  }
  if (!configured)
    return config.production
      ? warning('no backups are made', 'Set CARDEA_BACKUP_TO and CARDEA_BACKUP_RECIPIENTS (ops/docs/backup.md).')
      : skipped('backups are not configured');
  const latest = BACKUP_INTERVALS * (config.backup.everySeconds || BACKUP_SECONDS);
  const remedy = 'Run "cardea backup status" and "cardea backup create", and see the log of the servers.';
  if (age === null)
    return problem(
      failed ? `no backup was ever made, and the newest attempt failed (${failed.failure})` : 'no backup was ever made',
      remedy,
    );
  const hours = Math.floor(age / 3_600);
  const gone = await goneBackup(config.backup, last);
  if (age > latest) return [...gone, problem(`the last good backup is ${hours} hours old`, remedy)];
  if (failed)
    return [
      ...gone,
      warning(`the newest backup failed (${failed.failure}); the last good one is ${hours} hours old`, remedy),
    ];
  return gone.length > 0 ? gone : ok(`the last one is ${hours} hours old, and in its place`);
};

/** A share that is not mounted, a rule of a bucket, or somebody may have taken away what the database says was made. */
async function goneBackup(
  { to, s3Endpoint }: Config['backup'],
  last: { readonly name: string | null; readonly bytes: number | null } | null,
): Promise<Finding[]> {
  if (to === undefined || !last?.name) return [];
  const { name, bytes } = last;
  const storage = await openStorage(to, { s3Endpoint });
  // The check "backup storage" reports on one that cannot be listed.
  const isThere = await isStored(storage, { name, bytes: bytes ?? 0 }).catch(() => true);
  if (isThere) return [];
  return [
    problem(
      `the last good backup, ${name}, is not whole in ${storage.place}`,
      'See whether what should be there is mounted, CARDEA_BACKUP_TO is right, and who or what removes backups. Then run "cardea backup create".',
    ),
  ];
}

/** A worker takes an item up within its interval. */
const QUEUE_LATE_MS = 10 * MINUTE_MS;

export const checkMailQueue: Check = async ({ stores, now }) => {
  const { items } = await (await stores()).read(mails.list, { query: { limit: 1 } });
  return queueFinding(items[0], 'mails', now(), 'See the check "mail", and "cardea mail list".');
};

export const checkDeliveries: Check = async ({ stores, now }) => {
  const { items } = await (await stores()).read(deliveries.list, { query: { limit: 1 } });
  return queueFinding(items[0], 'messages to apps', now(), 'See "cardea deliveries list".');
};

/** @param next the one that is tried next */
function queueFinding(
  next: { readonly next_attempt_at?: string; readonly attempts?: number } | undefined,
  what: string,
  now: number,
  remedy: string,
): Finding {
  if (!next) return ok(`no ${what} wait`);
  const { next_attempt_at: due = '', attempts = 0 } = next;
  if (now - Date.parse(due) > QUEUE_LATE_MS)
    return problem(
      `${what} have waited since ${due}, and no server takes them up`,
      `See whether a server runs. ${remedy}`,
    );
  if (attempts > 0) return warning(`${what} wait for another attempt`, remedy);
  return ok(`${what} are being sent`);
}

/** Two runs of the job. */
const CLEANUP_LATE_SECONDS = 600;

export const checkCleanUp: Check = async ({ current, now }) => {
  const { cleanUpLag } = await import('../jobs/cleanup.ts');
  const lag = await cleanUpLag({ db: await current(), now });
  if (lag <= CLEANUP_LATE_SECONDS) return ok('expired rows are removed in time');
  return problem(
    `expired rows are ${Math.floor(lag / 60)} minutes old`,
    'See whether a server runs, and its log about the job "cleanup".',
  );
};
