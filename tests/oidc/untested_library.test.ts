import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type * as StartProblems from '../../server/start_problems.ts';
import type * as Deployment from '../helpers/deployment.ts';
import { copyLibrary } from './renamed_library.ts';

/** The whole application, with a library in which a method that Cardea replaces has another name. */

const copies = copyLibrary({ renamed: [{ from: 'compareClientSecret', to: 'compareSecret' }] });
after(copies.remove);

test('the server does not start, and one line tells the operator why', async () => {
  const { deployment } = await copies.load<typeof Deployment>('renamed', 'tests/helpers/deployment.ts');
  const { explainStart } = await copies.load<typeof StartProblems>('renamed', 'server/start_problems.ts');
  const started = await Promise.allSettled([deployment({ after })]);
  const error = started[0].status === 'rejected' ? started[0].reason : undefined;
  const line = explainStart(error, { host: 'localhost', port: 0, databaseUrl: undefined }) ?? '';
  assert.match(
    line,
    /^oidc-provider [\d.]+ .*Client\.prototype\.compareClientSecret is missing.*upgrading_oidc_provider/,
  );
});
