import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createDrafts } from '../../server/jobs/mail_drafts.ts';
import { userDeletion } from '../../server/operations/user_deletion.ts';
import { userRestriction } from '../../server/operations/user_restriction.ts';
import { users } from '../../server/operations/users.ts';
import { createViews } from '../../server/views/views.ts';
import { deployment } from '../helpers/deployment.ts';
import { has } from '../helpers/html.ts';
import { actor, operationsOf } from '../helpers/operations.ts';
import { introspect, userinfo } from '../helpers/relying_party.ts';
import { begin, callbackOf, submit, submitPassword, tokensFor } from './support.ts';

/** Restriction of processing (GDPR Art. 18). */
const scope = { after };
const app = await deployment(scope);
const { runner, services } = await operationsOf(scope, app);
const stores = await services.accountStores();
const party = await app.seed.party({ firstParty: true });
const call = { actor: actor({ kind: 'cli' }), requestId: 'a request' };

test('a restricted person signs in nowhere and is told why, gets no mail, keeps all data, and comes back', async () => {
  const person = await app.seed.person({ name: 'Ada Lovelace' });
  const input = { params: { id: person.id }, query: undefined, body: undefined };
  const { tokens } = await tokensFor(app, party, person);
  const restricted = await runner.run(
    userRestriction.restrict,
    { ...input, body: { reason: 'accuracy_contested' } },
    call,
  );
  assert.deepEqual([restricted.restriction_reason, restricted.disabled], ['accuracy_contested', false]);
  assert.deepEqual(await introspect(app.issuer, party, tokens.access_token), { active: false });
  assert.equal((await userinfo(app.issuer, tokens.access_token)).status, 401);

  const { browser, page } = await begin(app, party);
  const seen = await submitPassword(browser, page, person);
  assert.ok(has(seen, '#cancel') && !has(seen, '#keep') && !has(seen, '#password'));
  assert.equal(callbackOf(await submit(browser, seen, { action: 'keep' })).error, 'access_denied');

  const draft = createDrafts({
    ...stores,
    views: createViews(),
    throttle: { mayAsk: async () => true, admits: async () => true },
    issuer: services.config.issuer,
  });
  const mail = { id: '', attempts: 1, expiresAt: new Date(), at: Date.now() };
  const notice = () => draft({ ...mail, intent: { kind: 'password_changed', accountId: person.id } });
  assert.equal(await notice(), undefined);

  await assert.rejects(runner.run(userDeletion.remove, input, call), { code: 'processing_restricted' });
  await assert.rejects(runner.run(userDeletion.erase, input, call), { code: 'processing_restricted' });
  assert.equal((await runner.run(users.show, input, call)).name, 'Ada Lovelace');
  const { items } = await runner.run(
    users.list,
    { ...input, params: undefined, query: { filter: 'restricted eq true' } },
    call,
  );
  assert.deepEqual(
    items.map(({ id }) => id),
    [person.id],
  );

  const lifted = await runner.run(userRestriction.lift, input, call);
  assert.deepEqual([lifted.restricted_at, lifted.restriction_reason], [undefined, undefined]);
  assert.ok(await notice());
  await tokensFor(app, party, person);
});
