import { createHash } from 'node:crypto';
import type { AccountInput } from '../../server/accounts/profile.ts';
import type { SearchTokens } from '../../server/accounts/search_tokens.ts';
import type { Db } from '../../server/platform/db.ts';
import { uuidv7 } from '../../server/platform/ids.ts';

/* People for tests of many: the same number makes the same person. */

const GIVEN = [
  ...[
    'Ada',
    'Adam',
    'Alexander',
    'Alexandra',
    'Anna',
    'Anton',
    'Björn',
    'Carla',
    'Charlotte',
    'Christian',
    'Christiane',
  ],
  ...[
    'Christina',
    'Daniel',
    'David',
    'Elena',
    'Elias',
    'Emil',
    'Emma',
    'Fatima',
    'Felix',
    'Finn',
    'Frida',
    'Grace',
    'Hanna',
  ],
  ...[
    'Ibrahim',
    'Ida',
    'Jakob',
    'Johanna',
    'Jonas',
    'Julia',
    'Karl',
    'Katharina',
    'Lea',
    'Leon',
    'Luca',
    'Maria',
    'Marie',
  ],
  ...[
    'Markus',
    'Martin',
    'Maximilian',
    'Michael',
    'Mohammed',
    'Nina',
    'Noah',
    'Olga',
    'Omar',
    'Paul',
    'Petra',
    'Sara',
    'Zoë',
  ],
];
/** Put together, they make some thousand family names. */
const STEMS = [
  ...[
    'Bach',
    'Baum',
    'Berg',
    'Blum',
    'Brand',
    'Busch',
    'Eich',
    'Feld',
    'Fels',
    'Fisch',
    'Gold',
    'Grün',
    'Hart',
    'Holz',
    'Kauf',
  ],
  ...[
    'Klein',
    'König',
    'Lang',
    'Linden',
    'Müller',
    'Neu',
    'Ober',
    'Richter',
    'Rosen',
    'Sand',
    'Schmidt',
    'Schnee',
    'Schwarz',
  ],
  ...['Silber', 'Stein', 'Stern', 'Tal', 'Unter', 'Vogel', 'Wald', 'Weber', 'Weiss', 'Winter', 'Wolf', 'Zimmer'],
];
const ENDINGS = [
  '',
  'mann',
  'bach',
  'berg',
  'dorf',
  'er',
  'feld',
  'garten',
  'haus',
  'heim',
  'hof',
  'holz',
  'kamp',
  'reuter',
  'thal',
];

/** A number that seems random, below `limit`. */
function pick(i: number, what: string, limit: number): number {
  return createHash('sha1').update(`${what} ${i}`).digest().readUInt32BE() % limit;
}

export type Person = AccountInput & {
  readonly groups: readonly string[];
  readonly roles: readonly string[];
  readonly disabled: boolean;
};

/** The person with a number: one of three is staff, one of a thousand on the board, one of fifty disabled. */
export function person(i: number): Person {
  const givenName = GIVEN[pick(i, 'given', GIVEN.length)] ?? '';
  const familyName = `${STEMS[pick(i, 'stem', STEMS.length)]}${ENDINGS[pick(i, 'ending', ENDINGS.length)]}`;
  const local = `${givenName}.${familyName}`.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase();
  return {
    email: `${local}.${i}@example.com`,
    emailVerified: true,
    ...(i % 2 === 0 ? { username: `${local.slice(0, 3)}${i}` } : {}),
    name: `${givenName} ${familyName}`,
    givenName,
    familyName,
    groups: [...(i % 3 === 0 ? ['staff'] : []), ...(i % 1_000 === 0 ? ['board'] : [])],
    roles: i % 10_000 === 0 ? ['cardea-auditor'] : [],
    disabled: i % 50 === 0,
  };
}

const BATCH = 2_000;

/**
 * Writes people for tests of the index alone, in a small part of the time: their profiles are empty, and cannot be opened.
 * @param start when the first was created; each next one a second later
 */
export async function insertUnsealed(
  db: Db,
  tokens: SearchTokens,
  people: { from: number; to: number; start: number },
): Promise<void> {
  for (let from = people.from; from < people.to; from += BATCH) {
    const numbers = Array.from({ length: Math.min(BATCH, people.to - from) }, (_, i) => from + i);
    const all = numbers.map((i) => ({ i, ...person(i), at: people.start + i * 1_000 }));
    await db.run(
      {
        text: `
          INSERT INTO accounts (id, sealed_profile, search_tokens, groups, roles, disabled_at, password_hash, created_at, updated_at)
          SELECT id, '\\x00', tokens::bigint[], groups::text[], roles::text[],
                 CASE WHEN disabled THEN at END, 'phc', at, at + interval '1 day'
            FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::timestamptz[])
              AS p (id, tokens, groups, roles, disabled, at)`,
      },
      [
        all.map(({ at }) => uuidv7(at)),
        all.map((one) => `{${tokens.of(one).join()}}`),
        all.map(({ groups }) => `{${groups.join()}}`),
        all.map(({ roles }) => `{${roles.join()}}`),
        all.map(({ disabled }) => disabled),
        all.map(({ at }) => new Date(at)),
      ],
    );
  }
}
