import { statSync } from 'node:fs';
import { type Static, Type } from 'typebox';
import { COOKIE_RING } from '../../keys/jwks.ts';
import { freshPrints } from '../fresh_secrets.ts';
import { changingOwnPassword } from '../platform/database_password.ts';
import { findSecretPrint } from '../platform/secret_prints.ts';
import { listServerSecrets } from '../platform/server_secrets.ts';
import { settingEntries } from '../settings.ts';
import { change, read } from './operation.ts';
import { Nullable, strict, Time } from './schema.ts';
import type { Services } from './services.ts';

const Secret = strict(
  {
    name: Type.String(),
    from: Type.String({ description: 'environment, the path of a file, or database' }),
    since: Nullable(Time, 'when it was made; of a file, when it was written; null where that is not known'),
    servers: Nullable(
      strict({ using: Type.Integer({ minimum: 0 }), running: Type.Integer({ minimum: 0 }) }),
      'of a setting: how many of the running servers use the same value as this command; null where they do not tell',
    ),
    rotation: Type.String({ description: 'how it is replaced: by itself, by a command, or why never' }),
  },
  { title: 'Secret', description: 'never its value' },
);

type Listed = Static<typeof Secret>;

/** How settings that are secrets are replaced. */
export const OF_SETTINGS: Readonly<Record<string, string>> = {
  CARDEA_DATABASE_URL: 'cardea secrets rotate database-password',
  CARDEA_REDIS_URL: 'cardea secrets rotate redis-password',
  CARDEA_MASTER_KEY: 'by two rolling restarts and cardea master-key rotate: ops/docs/secrets.md',
  CARDEA_VAULT_TOKEN: 'by Vault; it is read at each start',
  CARDEA_PASSWORD_PEPPER: 'cardea secrets rotate pepper',
  CARDEA_SMTP_URL: 'make another password at the mail server, then cardea secrets rotate smtp-password',
};

const BY_COOKIES = 'by itself, with the cookie keys: cardea secrets rotate cookie-keys';

/** How secrets in the database are replaced, by the beginning of their names. */
const OF_SERVER: readonly (readonly [beginning: string, rotation: string])[] = [
  ['account-index', 'never: people are found by it'],
  ['account-search', 'never: people are searched by it'],
  ['audit-details-', 'by itself each month; destroyed with the month'],
  ['audit-key-', 'cardea secrets rotate audit-key'],
  ['audit', 'cardea secrets rotate audit-key'],
  ['csrf', 'no longer used after an upgrade'],
  ['dpop-nonce', 'no longer used after an upgrade'],
  ['operation_results', 'never: it is the key of hashes that are kept for a day'],
  ['pairwise-subjects', 'never: apps know people by what it makes'],
  ['passkey-challenges', 'never: a challenge is of no use without the passkey'],
  ['record-origins', 'never: it is the key of hashes of addresses, for counting'],
  ['recovery-codes', 'never: the codes of all people would end'],
  ['registration-origins', 'never: it is the key of hashes of networks, for counting'],
  ['secret-prints', 'never: it is the key of hashes by which servers tell which secrets they use'],
  ['user-codes', 'never: it is the key of hashes of codes that end in minutes'],
];

/** Secrets of the deployment: where they are, how old they are, how they are replaced. */
export const secrets = {
  list: read({
    name: 'secrets.list',
    permission: 'config:read',
    summary: 'List the secrets of the deployment, without their values',
    description: 'Secrets of clients and destinations are with these. For the command line alone.',
    schemas: { output: strict({ items: Type.Array(Secret) }) },
    example: {
      output: {
        items: [
          {
            name: 'CARDEA_SMTP_URL',
            from: '/run/secrets/smtp',
            since: '2026-11-01T08:00:00.000Z',
            servers: { using: 2, running: 2 },
            rotation: OF_SETTINGS.CARDEA_SMTP_URL ?? '',
          },
        ],
      },
    },
    async run(services) {
      const stored = await listServerSecrets(services.db);
      const inUse = await usage(services);
      return { items: [...ofSettings(services, inUse), ...(await ofRings(services)), ...stored.map(ofServer)] };
    },
  }),

  replaced: change({
    name: 'secrets.replace',
    permission: 'config:write',
    target: 'secret',
    summary: 'Note that the file of a secret is replaced',
    description: 'The audit has no part of its value. For the command line alone.',
    schemas: {
      body: strict({
        setting: Type.Enum(['CARDEA_REDIS_URL', 'CARDEA_SMTP_URL', 'CARDEA_PASSWORD_PEPPER']),
        pepper: Type.Optional(Type.String({ description: 'the id of the new one, when its rotation begins' })),
      }),
      output: strict({ noted: Type.Boolean() }),
    },
    example: { input: { body: { setting: 'CARDEA_SMTP_URL' } }, output: { noted: true } },
    plan: async (_services, { body: { setting, pepper } }) => ({
      statements: [],
      target: { kind: 'secret', id: setting },
      changes: { value: {}, ...(pepper === undefined ? {} : { pepper: { after: pepper } }) },
      result: () => ({ noted: true }),
    }),
  }),

  changeDatabasePassword: change({
    name: 'secrets.change_database_password',
    permission: 'config:write',
    target: 'database_role',
    summary: 'Give the role of the servers another password in the database',
    description: 'The file of the URL has to follow at once. For the command line alone.',
    schemas: {
      body: strict({ password: Type.String({ minLength: 1, maxLength: 1_000 }) }),
      output: strict({ changed: Type.Boolean() }),
    },
    example: { input: { body: { password: 'a-random-text-in-base64url' } }, output: { changed: true } },
    plan: async (_services, { body: { password } }) => ({
      statements: [changingOwnPassword(password)],
      target: { kind: 'database_role', id: '' },
      changes: { password: {} },
      result: () => ({ changed: true }),
    }),
  }),
};

type Usage = (setting: string) => Listed['servers'];

/** How many of the running servers use the values that this process has. */
async function usage({ config, db, sealer, keyRing }: Services): Promise<Usage> {
  const nodes = await (await keyRing()).nodes();
  const print = await findSecretPrint(db, sealer);
  const own = print ? freshPrints(config, print)() : [];
  const count = (isUsed: (node: (typeof nodes)[number]) => boolean) => ({
    using: nodes.filter(isUsed).length,
    running: nodes.length,
  });
  return (setting) => {
    if (setting === 'CARDEA_MASTER_KEY') return count(({ masterKeys }) => masterKeys[0] === sealer.keyIds[0]);
    const ours = own.find((one) => one.startsWith(`${setting}=`));
    return ours === undefined ? null : count(({ secrets: theirs }) => theirs.includes(ours));
  };
}

function ofSettings({ config, settings }: Pick<Services, 'config' | 'settings'>, inUse: Usage): Listed[] {
  const sources = new Map(settings().map(({ name, source }) => [name, source]));
  return settingEntries().flatMap(([name, { secret }]): Listed[] => {
    const source = sources.get(name);
    if (!secret || source === undefined || source === 'default') return [];
    const file = config.secretFiles[name];
    return [
      {
        name,
        from: file ?? source,
        since: file === undefined ? null : writtenAt(file),
        servers: inUse(name),
        rotation: OF_SETTINGS[name] ?? 'replace it and restart each server',
      },
    ];
  });
}

function writtenAt(file: string): string | null {
  return statSync(file, { throwIfNoEntry: false })?.mtime.toISOString() ?? null;
}

/** The keys that sign, and what follows from those of cookies. */
async function ofRings({ keyRing }: Pick<Services, 'keyRing'>): Promise<Listed[]> {
  const active = (await (await keyRing()).list()).filter(({ state }) => state === 'active');
  return active.flatMap(({ ring, createdAt, activatedAt }) => {
    const since = new Date(activatedAt ?? createdAt).toISOString();
    const one = (name: string, rotation: string): Listed => ({
      name,
      from: 'database',
      since,
      servers: null,
      rotation,
    });
    if (ring !== COOKIE_RING)
      return [one(`signing key ${ring}`, 'by itself; sooner: cardea secrets rotate signing-keys')];
    return [
      one('cookie keys', 'by itself; sooner: cardea secrets rotate cookie-keys'),
      one('forms', BY_COOKIES),
      one('nonces of DPoP proofs', BY_COOKIES),
    ];
  });
}

const ofServer = ({ name, created_at }: { readonly name: string; readonly created_at: Date }): Listed => ({
  name,
  from: 'database',
  since: created_at.toISOString(),
  servers: null,
  rotation: OF_SERVER.find(([beginning]) => name.startsWith(beginning))?.[1] ?? 'never',
});
