import type { Threat } from './requirement.ts';

/** Threats by those who are inside: operators, and who reads or writes what is stored; and an outage. */
export const THREATS_INSIDE: readonly Threat[] = [
  {
    id: 'operator',
    actor: 'operator',
    threat: 'gives themselves or others more than they have, or hides what they did',
    stoppedBy:
      'Nobody gives permissions that they lack or acts on an administrator; changes and reads in full are in an audit whose changes show.',
    tests: {
      'security/escalation_by_api.test.ts': [
        'no change of a person who may do more is permitted, on any route (Zitadel CVE-2026-27946)',
        'a role with permissions that the actor lacks cannot be given, on any route (authentik CVE-2024-52287)',
      ],
      'security/escalation_by_client.test.ts': [
        'who lacks … can neither make a client with … nor turn one into it (authentik CVE-2024-52287)',
      ],
      'operations/full_reads.test.ts': ['a read in full fails when its entry cannot be written'],
    },
  },
  {
    id: 'audit',
    actor: 'writes to the database',
    threat: 'changes or removes entries of the audit',
    stoppedBy:
      'Entries have a MAC and a place in a log of hashes with signed heads; a head that is kept elsewhere shows a cut.',
    tests: {
      'audit/tampering.test.ts': [
        '…: found with the right row',
        'the end of the log with its heads: a head that was kept elsewhere shows that it was cut',
      ],
      'audit/grants.test.ts': [
        'it can change nothing of the audit, neither in the whole tables nor in their parts, also of later months',
      ],
    },
  },
  {
    id: 'dump',
    actor: 'has a dump of the database',
    threat: 'signs in, or reads about people',
    stoppedBy: 'Secrets are hashed, and personal data is sealed under a master key that is not in the database.',
    tests: {
      'security/database_dump.test.ts': ['no database dump and no log of this run contains a secret that was used'],
      'security/dump_of_a_busy_life.test.ts': [
        'a full dump tells no name, address, secret or token, in any encoding and case',
      ],
    },
  },
  {
    id: 'written-rows',
    actor: 'writes to the database',
    threat: 'moves sealed values to another row, or puts in a key of their own',
    stoppedBy:
      'A sealed value opens in its place alone, and signing keys that Cardea has not made are not published. Rows that are not sealed, such as permissions of a role, are trusted.',
    tests: {
      'security/dump_of_a_busy_life.test.ts': [
        'a sealed value opens in its place alone: in no other row, column, table or person',
      ],
      'keys/store.test.ts': [
        'does not publish a public key that was written into the database',
        'does not open a private half that was copied to another key',
      ],
    },
  },
  {
    id: 'logs',
    actor: 'reads the logs',
    threat: 'finds secrets or personal data',
    stoppedBy:
      'Lines have routes, codes and ids; names of secret and personal fields are censored wherever they occur.',
    tests: {
      'security/pii_in_logs.test.ts': [
        'the log of a whole sign-in with all its errors contains routes and statuses, and no personal data',
      ],
      'security/database_dump.test.ts': [
        'no log of this run names a person: no e-mail address, phone number, IP address of a visitor, name or username',
      ],
    },
  },
  {
    id: 'backup',
    actor: 'has an old backup',
    threat: 'reads about people who were erased since',
    stoppedBy: 'What is stored about a person is sealed by a key of their own, which an erasure destroys.',
    tests: {
      'security/erased_people.test.ts': [
        'the backup without the destroyed keys tells nothing of the person, also with the master key',
      ],
    },
  },
  {
    id: 'signing-key',
    actor: 'has a signing key',
    threat: 'signs tokens',
    stoppedBy:
      'A revoked key verifies nothing from the next request on, and another one signs. Resource servers that verify by themselves notice it when their copy of the JWKS expires.',
    tests: {
      'flows/id_token_hints.test.ts': ['a revoked key verifies nothing, even when it was retired before'],
      'security/admin_api_tokens.test.ts': [
        'the signing key is revoked; one that only signs no more is still accepted',
      ],
    },
  },
  {
    id: 'outage',
    actor: 'an outage',
    threat: 'opens a limit or gives a wrong verdict while a dependency is down',
    stoppedBy: 'Without Postgres the answer is 503, and without Redis limits stay closed.',
    tests: {
      'platform/outage.test.ts': ['with Postgres … every endpoint answers 503, and all tokens work when it is back'],
      'platform/redis.test.ts': [
        'with Redis … limits stay closed, sign-in works, and the counter is shared again afterwards',
      ],
    },
  },
];
