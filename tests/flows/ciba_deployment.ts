import assert from 'node:assert/strict';
import type { BrowserSession } from '../helpers/browser_session.ts';
import { askPerson, cibaMetadata, openRequests } from '../helpers/ciba.ts';
import { type Deployment, deployment, type Party, type Person } from '../helpers/deployment.ts';
import { documentOf } from '../helpers/html.ts';
import type { Scope } from '../helpers/scope.ts';

type Parameters = Readonly<Record<string, string | undefined>>;

/** A node with a client that may ask a person by CIBA, and the person. */
export interface CibaDeployment {
  readonly app: Deployment;
  readonly issuer: string;
  readonly clock: { readonly ms: number; aheadMs: number };
  readonly now: () => number;
  readonly callCentre: Party;
  readonly person: Person;
  /** Starts a request that waits for the person's decision. */
  startRequest(party?: Party, params?: Parameters, who?: Person): Promise<string>;
  /** The error response to a request. */
  refusalOf(params: Parameters, party?: Party): Promise<{ status: number; error: string | undefined }>;
  /** Counts the requests that wait for the person. */
  countWaiting(who?: Person): Promise<number>;
  /** Removes requests that the test before has left. */
  removeRequests(): Promise<void>;
}

export async function cibaDeployment(scope: Scope): Promise<CibaDeployment> {
  // Advances with the real time, which the provider uses for some lifetimes, so that a slow machine does not fail the tests.
  const startedAt = Date.now() - performance.now();
  const clock = {
    aheadMs: 0,
    get ms() {
      return startedAt + performance.now() + this.aheadMs; // not Date, which some tests set
    },
  };
  const now = () => clock.ms;
  const app = await deployment(scope, { now });
  const { issuer } = app;
  const callCentre = await app.seed.party({ name: 'Call Centre', metadata: cibaMetadata() });
  const person = await app.seed.person({ username: 'portia' });
  // Counting signs a person in once.
  const browsers = new Map<string, BrowserSession>();
  return {
    app,
    issuer,
    clock,
    now,
    callCentre,
    person,
    async startRequest(party = callCentre, params = {}, who = person) {
      const answer = await askPerson(issuer, party, { login_hint: who.email, ...params });
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
      return answer.body.auth_req_id;
    },
    async refusalOf(params, party = callCentre) {
      const { status, body } = await askPerson(issuer, party, params);
      return { status, error: body.error };
    },
    async countWaiting(who = person) {
      const { browser, page } = await openRequests(app, who, browsers.get(who.id));
      browsers.set(who.id, browser);
      assert.equal(page.status, 200);
      return documentOf(page).querySelectorAll('[id^="approve-"]').length;
    },
    async removeRequests() {
      for (const table of ['waiting_requests', 'deliveries'])
        await app.db.run({ name: `empty_${table}`, text: `DELETE FROM ${table}` }, []);
    },
  };
}
