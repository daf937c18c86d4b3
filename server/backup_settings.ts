import { list, reader, type Settings, seconds, text, url } from './platform/settings.ts';

/** A public key of age: X25519, or X25519 with ML-KEM-768. */
const recipient = reader({ type: 'string', pattern: '^age1(pq1)?[02-9ac-hj-np-z]{58,}$' }, (value) => {
  if (/^AGE-SECRET-KEY-/i.test(value)) throw new Error('must be public keys: the identity stays off the servers');
  if (!/^age1(pq1)?[02-9ac-hj-np-z]{58,}$/.test(value))
    throw new Error('must be public keys of age, which begin with age1');
  return value;
});

const place = reader({ type: 'string', minLength: 1 }, (value) => {
  const isBucket = /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/[A-Za-z0-9!_.*'()/-]*)?$/.test(value);
  if (value.includes('://') && !isBucket) throw new Error('must be a folder, or s3://bucket/prefix');
  return text(value);
});

export const BACKUP = {
  CARDEA_BACKUP_TO: {
    read: place,
    unset: 'none: no backups are made',
    about:
      'where backups go, and the lists of erased people beside them: a folder that is there already and that all nodes share, or s3://bucket/prefix, with credentials and region as the SDKs of AWS find them (ops/docs/backup.md)',
  },
  CARDEA_BACKUP_RECIPIENTS: {
    read: list(recipient),
    unset: 'none',
    about:
      'public keys of age, separated by commas, for which backups are encrypted ("cardea backup keygen" makes one); who has the identity of any of them can restore, so keep it off the servers',
  },
  CARDEA_BACKUP_EVERY: {
    read: seconds(0),
    fallback: '24h',
    about: 'how long after the last good backup one node makes the next; 0: by "cardea backup create" alone',
  },
  CARDEA_BACKUP_KEPT: {
    read: seconds(0),
    fallback: '30d',
    about:
      'older backups are removed after each new one, but never the newest three that the master key opens; 0: none is. Lists of erased people are never removed',
  },
  CARDEA_BACKUP_S3_ENDPOINT: {
    read: url('https:', 'http:'),
    unset: 'that of AWS',
    about: 'the URL of an S3-compatible server, such as https://s3.example.com:9000',
  },
} as const satisfies Settings;
