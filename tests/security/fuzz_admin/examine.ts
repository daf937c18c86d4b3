import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { etagOf } from '../../../server/admin/headers.ts';
import { ROUTES } from '../../../server/admin/routes.ts';
import { maskedAnswer } from '../../../server/operations/full_reads.ts';
import { SEE_IN_FULL, scopeOf } from '../../../server/operations/permissions.ts';
import { type Response, resolve } from '../../../server/platform/openapi.ts';
import { assertDescribed, valuesIn } from '../../helpers/openapi.ts';
import type { WireAnswer } from '../wire.ts';
import { fill, type Target, targetAt } from './document.ts';
import type { Draft } from './drafts.ts';
import { isRecord } from './values.ts';
import type { AdminWorld, ApiCaller } from './world.ts';

/** A request that its sender has got an answer to. */
export interface Answered {
  readonly draft: Draft;
  readonly answer: WireAnswer;
  /** Undefined: the request did not reach an operation of the document. */
  readonly target: Target | undefined;
}

/** Of a stream its lines. */
export function bodyOf({ headers, body }: WireAnswer): unknown {
  if (body === '') return undefined;
  const values = valuesIn((headers.get('content-type') ?? '').split(';', 1)[0] ?? '', body);
  return values.length === 1 ? values[0] : values;
}

/** It changed something: no dry run, and no read. */
export function hasChanged({ target, answer }: Answered): boolean {
  return target?.changes === true && answer.status < 300 && answer.headers.get('preference-applied') === null;
}

/** The document has it as `default`: it comes before a route is known. */
const URI_TOO_LONG = 414;
/** Node gives up on such a request before it is one, so that no part of the server knows that it is one to the API. */
const HEADERS_TOO_LARGE = 431;

/** Fails unless the answer is as the document says, and of a status that it names. */
export function assertAsDescribed({ document, check }: AdminWorld, { draft, target, answer }: Answered): void {
  const { status, headers, body: text } = answer;
  if (status === HEADERS_TOO_LARGE) return;
  if (status >= 400 && draft.method !== 'HEAD') assertProblem(answer);
  if (!target) return;
  const { responses = {} } = target.operation;
  const isNamed = Object.hasOwn(responses, String(status)) || status === URI_TOO_LONG;
  assert.ok(isNamed, `${target.id}: a status that the document does not name: ${status} ${text.slice(0, 300)}`);
  assertDescribed(document, check, target, { status, headers, text });
  if (status >= 300) return;
  const named = resolve<Response>(document, responses[String(status)] as Response).headers ?? {};
  const etag = headers.get('etag');
  assert.equal(etag !== null, 'ETag' in named, `${target.id}: ETag ${etag}`);
  const body = bodyOf(answer);
  if (etag !== null && isRecord(body)) assert.equal(etag, etagOf(body), target.id);
  if ('Location' in named) assert.ok(headers.has('location'), `${target.id}: Location`);
}

/** RFC 9457 §3.1, besides the schema. */
function assertProblem({ status, headers, body }: WireAnswer): void {
  assert.match(headers.get('content-type') ?? '', /^application\/problem\+json\b/, `${status} ${body.slice(0, 200)}`);
  const problem = JSON.parse(body) as Readonly<Record<string, unknown>>;
  assert.equal(problem.status, status);
  assert.equal(problem.request_id, headers.get('x-request-id'));
  assert.ok(body.isWellFormed());
  if (status === 405) assert.ok(headers.get('allow'), '405 names what is allowed');
  if (status === 401) assert.ok(headers.get('www-authenticate'), '401 has a challenge');
}

/** The type of a problem, whose page must exist. */
export function typeOf({ status, body }: WireAnswer): string | undefined {
  return status >= 400 && status !== HEADERS_TOO_LARGE && body !== ''
    ? String((JSON.parse(body) as Readonly<Record<string, unknown>>).type)
    : undefined;
}

export type Get = (path: string) => Promise<WireAnswer>;

/** Fails unless a GET shows what a change has answered. */
export async function assertShown(
  { targets, app }: AdminWorld,
  { draft, answer, target }: Answered,
  caller: Pick<ApiCaller, 'scopes'>,
  get: Get,
): Promise<void> {
  if (!target) return;
  const { path } = target;
  const concrete = fill(path, draft.params);
  const location = answer.headers.get('location');
  if (location !== null) {
    assert.ok(location.startsWith('/api/v1/') || location.startsWith(app.issuer), location);
    return assertSame(target, caller, answer, await get(location));
  }
  const shows = targetAt(targets, 'GET', path);
  if (shows && target.method === 'DELETE' && isOne(path)) {
    const shown = await get(concrete);
    const due = dueOf(bodyOf(answer));
    if (due === undefined) return assert.equal(shown.status, 404, `${target.id}: a GET of what was deleted`);
    assert.equal(shown.status, 200, `${target.id}: a GET of what is deleted later`);
    return assert.equal(dueOf(bodyOf(shown)), due, `${target.id}: when it is deleted`);
  }
  const isMadeOf = target.method === 'POST' && !isOne(path);
  const above = isMadeOf ? path.slice(0, path.lastIndexOf('/')) : path;
  if (target.method === 'DELETE' || !targetAt(targets, 'GET', above)) return;
  const shown = await get(fill(above, draft.params));
  if (shown.status === 200 && isVersioned(bodyOf(answer))) assertSame(target, caller, answer, shown);
}

const isOne = (path: string) => path.endsWith('}');
const isVersioned = (body: unknown) => isRecord(body) && 'version' in body;

/** When the deletion of a user is due, which can be undone until then. */
const dueOf = (body: unknown) => (isRecord(body) ? body.deletion_due_at : undefined);

/** Members that a job changes at any time, by the noun of the operation. */
const CHANGED_BY_JOBS: Readonly<Record<string, readonly string[]>> = {
  destinations: ['position', 'attempts', 'last_failure', 'next_attempt_at'],
};

/** What both have is equal, besides what the caller must not see in full. @param shown to somebody who may */
function assertSame(
  { id }: Target,
  { scopes }: Pick<ApiCaller, 'scopes'>,
  answer: WireAnswer,
  shown: WireAnswer,
): void {
  assert.equal(shown.status, 200, `${id}: a GET of what it answered: ${shown.body.slice(0, 200)}`);
  const [told, whole] = [bodyOf(answer), bodyOf(shown)];
  const operation = ROUTES.find((one) => one.operation.name === id)?.operation;
  const seen = scopes.has(scopeOf(SEE_IN_FULL)) || !operation ? whole : maskedAnswer(operation, whole);
  if (!isRecord(told) || !isRecord(seen)) return;
  const except = CHANGED_BY_JOBS[id.split('.', 1)[0] ?? ''] ?? [];
  const differ = Object.keys(told).filter(
    (name) => name in seen && !except.includes(name) && !isDeepStrictEqual(told[name], seen[name]),
  );
  const values = (of: Readonly<Record<string, unknown>>) =>
    JSON.stringify(Object.fromEntries(differ.map((name) => [name, of[name]])));
  assert.deepEqual(differ, [], `${id}: it answered ${values(told)}, and a GET shows ${values(seen)}`);
}

/** The same request once more has the same answer, and no other effect (`Idempotency-Key`). */
export function repetitionOf({ draft, target, answer }: Answered): Draft | undefined {
  if (target?.method !== 'POST' || answer.status >= 300) return undefined;
  return draft.headers['idempotency-key'] === undefined ? undefined : draft;
}
