import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { canonical, canonicalEvent } from '../../server/audit/canonical.ts';
import { type AuditEntry, type AuditRow, detailsPlace, openAudit } from '../../server/audit/entries.ts';
import { AUDIT_LINE_STATEMENTS } from '../../server/audit/lines.ts';
import { createSealer, openJson } from '../../server/platform/sealing.ts';
import { begin } from '../flows/support.ts';
import { formOf } from '../helpers/browser_session.ts';
import { deployment } from '../helpers/deployment.ts';
import { LONG } from '../helpers/long.ts';

/** No input makes an entry unwritable: an entry that cannot be written fails the change. */
const scope = { after };
const app = await deployment(scope);
const party = await app.seed.party({ firstParty: true });
const person = await app.seed.person();
const { db } = app;
const sealer = createSealer([Buffer.from(app.masterKey, 'base64')]);
const audit = await openAudit({ db, sealer, now: Date.now, issuer: 'https://id.example.com' });
const own = createSealer([randomBytes(32)]);
const ACCOUNT = '019a3f5e-7000-7c2d-8e3f-4a5b6c7d8e9f';

/** Any UTF-16: NUL, halves of pairs, and texts of a million characters. */
const text = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .array(fc.integer({ min: 0, max: 0xff_ff }), { maxLength: 40 })
      .map((all) => String.fromCharCode(...all)),
  },
  { weight: 2, arbitrary: fc.constantFrom('\0', '\ud800', '\udfff\ud800', '\\u0000', '"\\', '\u2028') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('x', '\0', '\ud83d\ude00', '\ud800').map((one) => one.repeat(1_000_000 / one.length)),
  },
);
const values = fc.oneof(text, fc.jsonValue({ maxDepth: 2 }), fc.double(), fc.constant(undefined));
const entry: fc.Arbitrary<AuditEntry> = fc.record(
  {
    actor: fc.record({ kind: fc.constantFrom('cli', 'client', 'person', 'system'), id: text, clientId: text }),
    action: fc.constantFrom('sessions.begin', 'users.update'),
    target: fc.record({ kind: fc.constant('user'), id: text }),
    outcome: fc.constantFrom('done', 'refused', 'denied'),
    reason: text,
    changes: fc.dictionary(text, fc.record({ before: values, after: values }), { maxKeys: 4 }),
    requestId: text,
    sessionId: text,
    details: fc.record({ address: text, device: text }),
    detailsOf: fc.constantFrom(undefined, { id: ACCOUNT, sealer: own }),
  },
  { requiredKeys: ['actor', 'action', 'target', 'outcome', 'requestId'] },
);

test('any text in any field is stored, by both statements, as its MAC says', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { minLength: 1, maxLength: 4 }), async (all) => {
      const [before] = await db.run<{ id: string | null }>({ text: 'SELECT max(id::text) AS id FROM audit' }, []);
      await db.transact(all.map((one) => audit.append(one)));
      await db.query(AUDIT_LINE_STATEMENTS.append.bind({ lines: all.map((one) => audit.line(one)) }));
      const rows = await db.run<AuditRow>({ text: 'SELECT * FROM audit WHERE id > $1' }, [before?.id ?? ACCOUNT]);
      assert.equal(rows.length, 2 * all.length);
      for (const row of rows) {
        assert.deepEqual(row.mac, audit.keys.newest.mac(canonical(canonicalEvent(row))));
        if (row.details_account) openJson(own, detailsPlace(row.id), row.sealed_details ?? Buffer.alloc(0));
      }
    }),
    { numRuns: LONG ? 1_000 : 25 },
  );
});

test('a sign-in with a strange User-Agent or name is refused or carried out as any other, and has its entry', async () => {
  const agents = ['\u0080\u00ff'.repeat(5_000), ' '.repeat(10), '%00\\u0000', 'x'.repeat(15_000)];
  const count = async () => (await db.run({ text: `SELECT 1 FROM audit WHERE action = 'sessions.begin'` }, [])).length;
  for (const agent of agents) {
    const before = await count();
    const { browser, page } = await begin(app, party);
    const { action, fields } = formOf(page);
    const signIn = (identifier: string, password: string) =>
      browser.post(action, { ...fields, identifier, password, action: 'signin' }, { 'user-agent': agent });
    const failed = await signIn(`no\0body\ud800${agent.length}`, 'x');
    assert.equal(failed.status, 400);
    const done = await signIn(person.email, person.password);
    assert.equal(done.status, 303);
    assert.equal(await count(), before + 2);
  }
});

test('a User-Agent of a megabyte is refused before it reaches anything', async () => {
  const { status } = await fetch(`${app.issuer}/account`, { headers: { 'user-agent': 'x'.repeat(1_000_000) } });
  assert.equal(status, 431);
});
