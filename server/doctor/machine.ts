import { stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { filesBeside } from '../platform/secret_leftovers.ts';
import { isLoopback } from '../platform/smtp_url.ts';
import { type Check, type Finding, ok, problem, skipped, warning } from './check.ts';

/* The process, its settings and its files. */

const NODE_LEAST = 24;

export const checkNode: Check = async ({ nodeVersion }) => {
  const major = Number(nodeVersion.split('.')[0]);
  if (major < NODE_LEAST) return problem(`Node ${nodeVersion}`, `Install Node ${NODE_LEAST}: Cardea needs it.`);
  if (major % 2 === 1) return warning(`Node ${nodeVersion}`, 'Use an even version: odd ones get no long-term support.');
  return ok(`Node ${nodeVersion}`);
};

export const checkSettings: Check = async ({ config }) => {
  const { production, demo, logLevel, issuer, databaseUrl } = config;
  const findings: Finding[] = [];
  if (!production && !isLoopback(issuer.hostname))
    findings.push(warning('the rules of development apply', 'Set NODE_ENV=production where people sign in.'));
  if (!databaseUrl)
    findings.push(warning('the embedded Postgres is used', 'Set CARDEA_DATABASE_URL for anything but development.'));
  if (config.masterKeys.length === 0)
    findings.push(
      warning('a development master key is used', 'Set CARDEA_MASTER_KEY_FILE for anything but development.'),
    );
  if (demo) findings.push(warning('demo data is on: its password is public', 'Set CARDEA_DEMO=false.'));
  if (logLevel === 'silent' || logLevel === 'fatal')
    findings.push(warning(`CARDEA_LOG_LEVEL=${logLevel} hides errors`, 'Set it to info.'));
  if (logLevel === 'trace') findings.push(warning('CARDEA_LOG_LEVEL=trace is very much', 'Set it to info.'));
  return findings.length > 0 ? findings : ok('they load, and none is for development alone');
};

const OTHERS_READ = 0o004;
const OTHERS_WRITE = 0o022;

/** Secrets that other users of the machine can read or replace. */
export const checkSecretFiles: Check = async ({ config, env }) => {
  const files = Object.entries({
    ...config.secretFiles,
    ...(env.CARDEA_TLS_KEY === undefined ? {} : { CARDEA_TLS_KEY: env.CARDEA_TLS_KEY }),
  });
  if (files.length === 0) return skipped('no secret comes from a file');
  const findings = await Promise.all(files.map(([name, file]) => modeOf(name, file)));
  const wrong = [...findings.filter((one) => one !== undefined), ...leftFiles(config.secretFiles)];
  return wrong.length > 0 ? wrong : ok(`${files.length} files, which only their owner and group can read`);
};

/** What rotations that were ended have left beside files; the check of the database reports on its own. */
function leftFiles(files: Readonly<Record<string, string>>): Finding[] {
  return ['CARDEA_REDIS_URL', 'CARDEA_SMTP_URL', 'CARDEA_PASSWORD_PEPPER'].flatMap((name) =>
    (files[name] === undefined ? [] : filesBeside(files[name])).map((left) =>
      warning(
        `a rotation of ${name} that did not end has left ${left}`,
        'Remove it, unless a rotation runs at this moment: the next one removes it as well.',
      ),
    ),
  );
}

async function modeOf(name: string, file: string): Promise<Finding | undefined> {
  const { mode } = await stat(file);
  if (mode & OTHERS_WRITE) return problem(`${file} (${name}) can be written by others`, `Run: chmod go-w ${file}`);
  if (mode & OTHERS_READ)
    return warning(
      `${file} (${name}) can be read by every user of this machine`,
      `Run: chmod o-r ${file}. In a container with no other user it does no harm.`,
    );
  return undefined;
}

const MIB = 1_048_576;

/** Folders that the server writes to. */
export const checkDisk: Check = async ({ config }) => {
  const folders = [
    ...(config.databaseUrl && (config.smtp || config.production) ? [] : [config.dataDir]),
    ...(config.auditFileDir === undefined ? [] : [config.auditFileDir]),
    ...(await backupFolder(config.backup.to)),
  ];
  if (folders.length === 0) return skipped('the server writes no files');
  return Promise.all(folders.map(spaceIn));
};

/** One that is not there is reported by the check "backup storage". */
async function backupFolder(place: string | undefined): Promise<string[]> {
  if (place === undefined || place.startsWith('s3:')) return [];
  const found = await stat(place).catch(() => undefined);
  return found ? [place] : [];
}

async function spaceIn(folder: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(await existing(folder));
  return spaceFinding(folder, Math.floor((bavail * bsize) / MIB));
}

/** @param free MiB */
export function spaceFinding(folder: string, free: number): Finding {
  const found = `${free} MiB are free in ${folder}`;
  if (free < 100) return problem(found, 'Free some space: writes will fail.');
  if (free < 1_024) return warning(found, 'Free some space soon.');
  return ok(found);
}

async function existing(folder: string): Promise<string> {
  for (let one = folder; ; one = dirname(one)) {
    const found = await stat(one).catch(() => undefined);
    if (found || one === dirname(one)) return one;
  }
}
