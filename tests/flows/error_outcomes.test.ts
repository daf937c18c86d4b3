import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorResponse } from '../../server/oidc/error_responses.ts';
import { AppError, type ErrorCode, unavailable } from '../../server/platform/errors.ts';

/** Errors that are thrown below the provider become responses of an OAuth endpoint (RFC 6749 §5.2). */

const of = (code: ErrorCode) => {
  const { status: answered, body } = errorResponse(new AppError(code, 'why'), 'token');
  return [answered, body.error, body.error_description];
};

test('the status is that of the error, with any code', () => {
  assert.deepEqual(of('replayed'), [401, 'invalid_client', 'why']);
  assert.deepEqual(of('grant_revoked'), [400, 'invalid_grant', 'why']);
  assert.deepEqual(of('rate_limited'), [429, 'temporarily_unavailable', 'why']);
  assert.deepEqual(of('request_too_large'), [413, 'request_too_large', 'why'], 'an unknown code');
});

test('an internal fault is 500 and a missing dependency 503, both without a cause', () => {
  for (const error of [new TypeError('secret'), new AppError('sealed_value_unreadable', 'secret')]) {
    const { status, body } = errorResponse(error, 'token');
    assert.deepEqual([status, body.error], [500, 'server_error']);
    assert.doesNotMatch(body.error_description, /secret/);
  }
  const { status, body } = errorResponse(unavailable('the secret database'), 'token');
  assert.deepEqual([status, body.error], [503, 'temporarily_unavailable']);
  assert.doesNotMatch(body.error_description, /secret/);
});
