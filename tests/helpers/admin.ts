import { mountAdmin } from '../../server/admin/mount.ts';
import type { Actor } from '../../server/operations/actor.ts';
import type { Clock } from '../../server/platform/clock.ts';
import { AppError } from '../../server/platform/errors.ts';
import { createHttp } from '../../server/platform/http.ts';
import { createLog } from '../../server/platform/log.ts';
import type { CallerLimits } from '../../server/platform/route_limits.ts';
import { parsedBody } from './admin_api.ts';
import { limitsOf } from './limits.ts';
import { caller, type OperatedDatabase, operationsOf } from './operations.ts';
import { defer, type Scope } from './scope.ts';

export interface AdminRequest {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface AdminAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  // biome-ignore lint/suspicious/noExplicitAny: the answer is whatever the route sends
  readonly body: any;
}

/** The admin API on the database of a deployment, without access tokens: every request is one of the same actor, or of nobody. */
export async function adminApi(
  scope: Scope,
  app: OperatedDatabase,
  as: Partial<Actor> | 'nobody' = {},
  {
    now = Date.now,
    limits = limitsOf({}).admin,
    allow = [],
  }: { now?: Clock; limits?: CallerLimits; allow?: readonly string[] } = {},
) {
  const { runner, services } = await operationsOf(scope, app, now, allow);
  const { issuer } = services.config;
  const log = createLog({ level: 'silent', destination: { write() {} } });
  const http = createHttp({
    log,
    secure: false,
    issuer: { identifier: issuer.identifier, basePath: '' },
    trustedProxies: [],
    renderError: () => '',
  });
  await http.register(mountAdmin, {
    issuer,
    runner,
    log,
    limits,
    async authenticate() {
      if (as === 'nobody') throw new AppError('missing_token', 'an access token is needed');
      return caller(as);
    },
  });
  defer(scope, () => http.close());
  return {
    runner,
    services,
    async request(
      method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
      path: string,
      { headers = {}, body }: AdminRequest = {},
    ): Promise<AdminAnswer> {
      const answer = await http.inject({
        method,
        url: `/api/v1${path}`,
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      return {
        status: answer.statusCode,
        headers: answer.headers,
        body: parsedBody(String(answer.headers['content-type'] ?? ''), answer.body),
      };
    },
  };
}
