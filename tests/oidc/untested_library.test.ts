import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { copyLibrary } from './renamed_library.ts';

/** The whole application, with a library in which one method that Cardea replaces has another name. */

copyLibrary({ renamed: [{ from: 'compareClientSecret', to: 'compareSecret' }] }, 'renamed');
const { deployment } = await import('../helpers/deployment.ts');
const { explainStart } = await import('../../server/start_problems.ts');

test('the server does not start, and one line tells the operator why', async () => {
  const started = await Promise.allSettled([deployment({ after })]);
  const error = started[0].status === 'rejected' ? started[0].reason : undefined;
  const line = explainStart(error, { host: 'localhost', port: 0, databaseUrl: undefined }) ?? '';
  assert.match(
    line,
    /^oidc-provider [\d.]+ .*Client\.prototype\.compareClientSecret is missing.*upgrading_oidc_provider/,
  );
});
