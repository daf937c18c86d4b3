import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { PasswordRefused } from '../../server/accounts/policy.ts';
import type { Call } from '../../server/operations/operation.ts';
import { userCredentials } from '../../server/operations/user_credentials.ts';
import { users } from '../../server/operations/users.ts';
import { softPasskey } from '../helpers/authenticator.ts';
import { operatedDatabase } from '../helpers/operated_database.ts';
import { actor, operationsOf } from '../helpers/operations.ts';
import { remember } from '../helpers/secrets.ts';

/** Changes of one batch see each other, also where passwords and factors are concerned. */
const app = await operatedDatabase({ after });
const { runner, services } = await operationsOf({ after }, app);
const call: Call = { actor: actor(), requestId: 'a request' };
const PASSWORD = remember('password', 'Kestrel-Fjord-7-Anvil');

test('a person of the batch gets a password, which is then one that was used before, and factors, and all is undone', async () => {
  const id = await runner.batch(
    async ({ run, services: within }) => {
      const body = { email: 'ada@example.com', name: 'Ada Lovelace' };
      const made = await run(users.create, { params: undefined, query: undefined, body }, call);
      const params = { id: made.id };
      const setPassword = () =>
        run(userCredentials.setPassword, { params, query: undefined, body: { password: PASSWORD } }, call);
      assert.equal((await setPassword()).has_password, true);
      await assert.rejects(setPassword(), (error) => {
        assert.ok(error instanceof PasswordRefused);
        assert.deepEqual(error.rules, ['reused']);
        return true;
      });

      const { accounts } = await within.accountStores();
      const { passkeys } = await within.factors();
      const factors = () => userCredentials.factors.run(within, { params, query: undefined, body: undefined }, call);
      const register = async () => {
        const account = await accounts.resolve(made.id);
        const challenge = randomBytes(32).toString('base64url');
        const options = await passkeys.registrationOptions(account, challenge);
        await passkeys.register(account, challenge, softPasskey().create(options, app.issuer), 'Phone');
      };
      await register();
      await register();
      const [passkey] = (await factors()).passkeys;
      assert.equal(passkey?.name, 'Phone');
      const one = { params: { ...params, passkey_id: passkey.id }, query: undefined, body: undefined };
      await run(userCredentials.removePasskey, one, call);
      const left = await factors();
      assert.deepEqual([left.second_factors, left.passkeys.length], [['passkey'], 1]);
      await run(userCredentials.resetFactors, { params, query: undefined, body: undefined }, call);
      assert.deepEqual(await factors(), { id: made.id, second_factors: [], recovery_codes: 0, passkeys: [] });
      return made.id;
    },
    { rollBack: true },
  );
  const { accounts } = await services.accountStores();
  assert.equal(await accounts.findById(id), undefined);
});
