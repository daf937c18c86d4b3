import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, test } from 'node:test';
import { post } from '../flows/support.ts';
import type * as Deployment from '../helpers/deployment.ts';
import { copyLibrary } from '../oidc/renamed_library.ts';

/**
 * A new version of oidc-provider may compare client secrets with a method that Cardea does not replace. The value that
 * Cardea gives the library as a client's secret must therefore never match, least of all the stored hash.
 */

const copies = copyLibrary({
  comparing: [
    { file: 'lib/shared/client_auth.js', from: '.compareClientSecret(', to: '.compareByItself(' },
    {
      file: 'lib/models/client.js',
      from: 'compareClientSecret(actual) {',
      to: 'compareByItself(actual) { return constantEquals(this.clientSecret, actual, 1000); }\ncompareClientSecret(actual) {',
    },
  ],
});
after(copies.remove);

const { deployment } = await copies.load<typeof Deployment>('comparing', 'tests/helpers/deployment.ts');
const app = await deployment({ after });

test('oidc-provider itself accepts neither the stored hash nor any other value as a client secret', async () => {
  const party = await app.seed.party({ metadata: { grant_types: ['client_credentials'], redirect_uris: [] } });
  const secret = party.secret ?? '';
  const hash = createHash('sha256').update(secret).digest();
  const encodings = (['base64url', 'base64', 'hex', 'latin1'] as const).map((encoding) => hash.toString(encoding));
  for (const client_secret of [...encodings, secret, 'undefined', 'null', '0']) {
    const { status, body } = await post(app, '/token', {
      grant_type: 'client_credentials',
      client_id: party.id,
      client_secret,
    });
    assert.deepEqual([status, body.error], [401, 'invalid_client']);
  }
});
