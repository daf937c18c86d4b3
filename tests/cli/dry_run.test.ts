import assert from 'node:assert/strict';
import { test } from 'node:test';
import { everyVerb } from '../helpers/verbs.ts';

/** Every verb of the command line has a dry run, or stands here. */

const READS = 'it changes nothing';
const FILE = 'it writes a file alone, which another name spares';

const WITHOUT_DRY_RUN: Readonly<Record<string, string>> = {
  'audit check-proof': READS,
  'audit consistency': READS,
  'audit dead-letters list': READS,
  'audit dead-letters show': READS,
  'audit destinations list': READS,
  'audit destinations show': READS,
  'audit export': READS,
  'audit heads': READS,
  'audit keys': READS,
  'audit list': READS,
  'audit prove': READS,
  'audit show': READS,
  'audit verify': READS,
  'backup create': 'it writes a file alone, and removes old ones by the settings',
  'backup keygen': FILE,
  'backup list': READS,
  'backup status': READS,
  'backup verify': READS,
  'clients list': READS,
  'clients show': READS,
  'config check': READS,
  'config export': FILE,
  'config plan': READS,
  'config show': READS,
  'conformance list': READS,
  'conformance seed': 'for development alone',
  'deliveries list': READS,
  'deliveries show': READS,
  doctor: READS,
  'grants list': READS,
  'grants show': READS,
  'groups list': READS,
  'groups show': READS,
  'issuer show': READS,
  'keys list': READS,
  'lockouts list': READS,
  'mail list': READS,
  'mail show': READS,
  'mail test': 'to send is all that it does',
  'master-key new': READS,
  'migrate status': READS,
  'passwords blocklist build': FILE,
  'passwords blocklist check': READS,
  'passwords status': READS,
  'privacy report': READS,
  'privacy texts': READS,
  'registration token list': READS,
  'registration token show': READS,
  'resources list': READS,
  'resources show': READS,
  'roles list': READS,
  'roles show': READS,
  'secrets list': READS,
  'sessions list': READS,
  'sessions show': READS,
  'users data-export': READS,
  'users events': READS,
  'users export': READS,
  'users factors': READS,
  'users grants': READS,
  'users inactive': READS,
  'users list': READS,
  'users sessions': READS,
  'users show': READS,
};

const verbs = await everyVerb();

test('every verb that changes something has a dry run', () => {
  const without = verbs.filter(({ verb }) => !verb.options.some(({ long }) => long === '--dry-run'));
  assert.deepEqual(without.map(({ name }) => name).toSorted(), Object.keys(WITHOUT_DRY_RUN));
});
