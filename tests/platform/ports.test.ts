import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { PasswordChange } from '../../server/accounts/password_change.ts';
import type { Same, Unmet } from '../../server/composition/ports.ts';
import type { AccountParts } from '../../server/selfservice/page.ts';
import { ROOT } from '../helpers/artifacts.ts';

/** What these types say is checked by the compiler, with everything else of the project. */
type Expect<T extends true> = T;

interface Renamed {
  set(account: string, options: { also: readonly string[]; keepDevice?: string }): Promise<unknown>;
}
interface Read {
  set(account: string, options?: { also?: readonly string[]; deviceToken?: string }): Promise<number>;
}
interface Shown {
  find(id: string): Promise<{ name: string; logo?: string } | undefined>;
}
interface Known {
  find(id: string): Promise<{ name: string; logoUri?: string } | undefined>;
}

export type Checked = [
  // The compiler itself lets both pass.
  Expect<Read extends Renamed ? true : false>,
  Expect<Known extends Shown ? true : false>,
  // An argument that nobody reads, and a result that nobody gives, are named.
  Expect<Same<Unmet<Renamed, Read>, 'keepDevice'>>,
  Expect<Same<Unmet<Shown, Known>, 'logo'>>,
  Expect<Same<Unmet<Read, Read>, never>>,
  Expect<Same<Unmet<(id: string, factor?: string) => void, (id: string) => void>, 'an argument'>>,
  // What the account's pages change passwords by is the very type of what does it.
  Expect<Same<AccountParts['passwordChange']['set'], PasswordChange['set']>>,
];

/** Ports between rooms that may not import each other: `composition/ports.ts` holds both sides against one another. */
const HELD_TOGETHER = ['server/selfservice/sessions.ts', 'server/selfservice/waiting_requests.ts'];

/** A member that takes an object whose type is written out there: `set(options: { keepDevice?: string }): …`. */
const OBJECT_BY_HAND = /^ {2}(?:readonly )?\w+\??(?:: )?\([^)]*:\s*\{/gm;

test('no port writes out the options of what fulfils it: a member that is called otherwise there would be lost', () => {
  const rooms = ['login', 'selfservice', 'registration', 'jobs', 'demo', 'oidc'];
  const found = rooms.flatMap((room) =>
    readdirSync(join(ROOT, 'server', room))
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `server/${room}/${name}`)
      .flatMap((file) => {
        const interfaces = readFileSync(join(ROOT, file), 'utf8').match(/^export interface [\s\S]*?^\}/gm) ?? [];
        return interfaces.some((text) => text.match(OBJECT_BY_HAND)) ? [file] : [];
      }),
  );
  assert.deepEqual(found.sort(), HELD_TOGETHER);
});
