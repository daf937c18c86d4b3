import { randomUUID } from 'node:crypto';
import { FAILURES } from '../../../server/accounts/attempts.ts';
import { PERMISSION_SCOPES, permissionsOfBuiltinRoles, scopeOf } from '../../../server/operations/permissions.ts';
import type { OpenApi } from '../../../server/platform/openapi.ts';
import { carryOut } from '../../../server/platform/planned.ts';
import { bearer, console, machine, machineToken, operator, personToken } from '../../helpers/admin_api.ts';
import { softPasskey } from '../../helpers/authenticator.ts';
import { type Deployment, deployment } from '../../helpers/deployment.ts';
import { createFactorSeeder } from '../../helpers/factors.ts';
import { createSchemaCheck, type SchemaCheck } from '../../helpers/openapi.ts';
import { operationsOf } from '../../helpers/operations.ts';
import { createRecordSeeder } from '../../helpers/records.ts';
import type { Scope } from '../../helpers/scope.ts';
import { type Target, targetsOf } from './document.ts';

/** Who sends requests. */
export interface ApiCaller {
  readonly name: string;
  /** What their token is good for. */
  readonly scopes: ReadonlySet<string>;
  headers(): Readonly<Record<string, string>>;
  /** Gets another token: a request may have ended this one. */
  renew(): Promise<void>;
}

export interface AdminWorld {
  readonly app: Deployment;
  readonly document: OpenApi;
  readonly check: SchemaCheck;
  readonly targets: readonly Target[];
  /** May do everything, and is a machine. */
  readonly strongest: ApiCaller;
  readonly callers: readonly ApiCaller[];
  /** Makes more of what no request of the API can make, such as sessions. */
  restock(): Promise<void>;
}

/** A server with something of everything that operators look after. */
export async function createAdminWorld(scope: Scope): Promise<AdminWorld> {
  const app = await deployment(scope, {
    env: {
      CARDEA_RATE_LIMIT: '1000000',
      // nobody answers there, so that mails wait
      CARDEA_SMTP_URL: 'smtp://127.0.0.1:9',
      // only what a signed head covers can be proved
      CARDEA_AUDIT_HEAD_INTERVAL: '1s',
    },
  });
  const response = await fetch(`${app.issuer}/api/v1/openapi.json`);
  const document = (await response.json()) as OpenApi;
  const strongest = await callerOf('a machine that may do everything', PERMISSION_SCOPES, machines(app));
  const callers = [
    strongest,
    await callerOf('an administrator', PERMISSION_SCOPES, people(app, 'cardea-admin')),
    await callerOf(
      'somebody of the helpdesk',
      [...permissionsOfBuiltinRoles(['cardea-helpdesk'])].map(scopeOf),
      people(app, 'cardea-helpdesk'),
    ),
    await callerOf(
      'a machine that may read',
      PERMISSION_SCOPES.filter((one) => one.endsWith(':read')),
      machines(app),
    ),
    await callerOf('nobody', [], async () => undefined),
  ];
  const restock = await createRestock(scope, app);
  await restock();
  return {
    app,
    document,
    check: createSchemaCheck(document),
    targets: targetsOf(document),
    strongest,
    callers,
    restock,
  };
}

type GetToken = (scope: string) => Promise<string | undefined>;

async function callerOf(name: string, scopes: readonly string[], get: GetToken): Promise<ApiCaller> {
  const ask = () => get(scopes.join(' '));
  let token = await ask();
  return {
    name,
    scopes: new Set(scopes),
    headers: () => (token === undefined ? {} : bearer(token)),
    async renew() {
      token = await ask();
    },
  };
}

/** A new client each time: the one before may have been deleted. */
function machines(app: Deployment): GetToken {
  return async (scope) => machineToken(app, await machine(app, scope), scope);
}

function people(app: Deployment, role: string): GetToken {
  return async (scope) => {
    const party = await console(app, `openid ${scope}`);
    return personToken(app, party, await operator(app, role), `openid ${scope}`);
  };
}

const PEOPLE = 3;
/** The API refuses more than 100. */
const DESTINATIONS_MAX = 50;

async function createRestock(scope: Scope, app: Deployment): Promise<() => Promise<void>> {
  const { services } = await operationsOf(scope, app);
  const stores = await services.accountStores();
  const records = createRecordSeeder(app);
  const factors = await createFactorSeeder(app);
  const { db, seed } = app;

  async function restockOne(clientId: string): Promise<void> {
    const person = await seed.person({ name: 'Ada Lovelace' });
    const grantId = await records.grant(person.id, clientId);
    await records.session(person.id, { payload: { authorizations: { [clientId]: { grantId } } } });
    await records.session(person.id);
    await records.records('RefreshToken', [{ accountId: person.id, clientId, grantId }]);
    await factors.totp(person.id);
    await factors.recoveryCodes(person.id);
    await factors.passkey(person.id, softPasskey());
    await db.transact([
      stores.mails.enqueue({ kind: 'invitation', accountId: person.id }, await stores.accounts.resolve(person.id)),
      stores.deliveries.enqueue({
        kind: 'nothing',
        clientId,
        accountId: person.id,
        content: {},
        expiresAt: inAnHour(),
      }),
    ]);
    for (let i = 0; i < FAILURES; i += 1) {
      const guess = await stores.attempts.reservePasswordGuess({ identifier: person.email, deviceCookie: undefined });
      await stores.attempts.countFailure(guess);
    }
  }

  /** One that is disabled, with what it did not get, as a worker leaves it. */
  async function restockDestination(): Promise<void> {
    const { destinations } = services;
    if ((await destinations.list({ limit: DESTINATIONS_MAX })).items.length === DESTINATIONS_MAX) return;
    const made = await destinations.creating(DESTINATION, 0);
    await carryOut(db, made);
    await carryOut(db, destinations.disabling(made.after));
    await db.run(
      {
        text: `INSERT INTO audit_dead_letters (id, destination_id, first_index, last_index, is_head, reason, attempts, created_at)
               SELECT id, $2, 0, 0, false, 'status_500', 10, now() FROM unnest($1::uuid[]) AS lost (id)`,
      },
      [Array.from({ length: LETTERS }, () => randomUUID()), made.after.id],
    );
  }

  /** In force from now on: everybody who signs in has to accept it. */
  const restockText = () =>
    db.transact(
      services.texts.publishing({
        kind: 'terms',
        version: randomUUID(),
        language: 'en',
        title: 'Terms of Service',
        url: 'https://example.com/terms',
        askAgain: true,
        effectiveFrom: new Date(),
      }),
    );

  return async () => {
    const { id } = await seed.party();
    for (let i = 0; i < PEOPLE; i += 1) await restockOne(id);
    await restockDestination();
    await restockText();
  };
}

const LETTERS = 3;
const DESTINATION = {
  name: 'SIEM',
  kind: 'webhook',
  clientId: undefined,
  settings: { url: 'https://siem.example.com/cardea' },
  actions: [],
  outcomes: [],
  everybody: false,
  heads: true,
  details: false,
} as const;

const inAnHour = () => new Date(Date.now() + 3_600_000);
