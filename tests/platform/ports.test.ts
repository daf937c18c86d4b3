import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { PasswordChange } from '../../server/accounts/password_change.ts';
import type { PasswordPolicy } from '../../server/accounts/policy.ts';
import type { DetailText } from '../../server/clients/authorization_details.ts';
import type { InteractionResult, Interactions, Progress } from '../../server/login/interactions.ts';
import type { createApproval } from '../../server/oidc/ciba_approval.ts';
import type { createInteractions } from '../../server/oidc/interactions.ts';
import type { createSessions } from '../../server/oidc/sessions.ts';
import type { Sessions } from '../../server/ports/sessions.ts';
import type { WaitingRequests } from '../../server/ports/waiting_requests.ts';
import type { AccountParts } from '../../server/selfservice/page.ts';
import type { DetailView, NewPasswordRule } from '../../server/views/views.ts';
import { ROOT } from '../helpers/artifacts.ts';

/** The compiler checks these types with the rest of the project. */
type Expect<T extends true> = T;

/** True if two types are identical. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

interface Port {
  set(account: string, options: { also: readonly string[]; keepDevice?: string }): Promise<unknown>;
}
interface Provider {
  set(account: string, options?: { also?: readonly string[]; deviceToken?: string }): Promise<number>;
}

export type Checked = [
  // Ports must not be declared twice by hand: the compiler accepts an optional member that has another name on the
  // other side.
  Expect<Provider extends Port ? true : false>,
  // The implementation is annotated with the port, so the members of the port are declared once.
  Expect<Same<ReturnType<typeof createSessions>, Sessions>>,
  Expect<Same<ReturnType<typeof createApproval>, WaitingRequests>>,
  Expect<Same<ReturnType<typeof createInteractions<Progress, InteractionResult>>, Interactions>>,
  Expect<Same<AccountParts['passwordChange']['set'], PasswordChange['set']>>,
  // views/ imports no other layer, so it declares the types of its data itself.
  Expect<Same<keyof DetailView, keyof DetailText>>,
  Expect<Same<keyof NewPasswordRule, keyof PasswordPolicy['rules'][number]>>,
];

/** A member with an inline object type as its parameter: `set(options: { keepDevice?: string }): …`. */
const OBJECT_BY_HAND = /^ {2}(?:readonly )?\w+\??(?:: )?\([^)]*:\s*\{/gm;

test('no interface writes out the options of its implementation, where a member with another name would be lost', () => {
  const folders = ['login', 'selfservice', 'registration', 'jobs', 'demo', 'oidc'];
  const found = folders.flatMap((folder) =>
    readdirSync(join(ROOT, 'server', folder))
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `server/${folder}/${name}`)
      .flatMap((file) => {
        const interfaces = readFileSync(join(ROOT, file), 'utf8').match(/^export interface [\s\S]*?^\}/gm) ?? [];
        return interfaces.some((text) => text.match(OBJECT_BY_HAND)) ? [file] : [];
      }),
  );
  assert.deepEqual(found, []);
});
