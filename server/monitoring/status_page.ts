import type { FastifyInstance, RouteShorthandOptions } from 'fastify';
import type { Account } from '../accounts/account.ts';
import { isEnough, strongestAcr } from '../accounts/assurance.ts';
import { type Permission, SEE_STATUS } from '../operations/permissions.ts';
import type { Clock } from '../platform/clock.ts';
import { AppError } from '../platform/errors.ts';
import { redirectTo } from '../platform/forms.ts';
import type { Sessions } from '../ports/sessions.ts';
import { PATHS } from '../views/paths.ts';
import type { Views } from '../views/views.ts';
import type { NodeFacts, Reading } from './facts.ts';
import type { History } from './history.ts';
import { statusData, statusView } from './status.ts';

/** The values of the page; undefined while the node starts. */
export interface Observed {
  readonly node: NodeFacts;
  readonly history: Pick<History, 'minutes'>;
  read(): Promise<Reading>;
}

export interface StatusPageParts {
  readonly views: Views;
  readonly sessions: Sessions;
  readonly now: Clock;
  readonly readLimit: RouteShorthandOptions['config'];
  findAccount(id: string): Promise<Account | undefined>;
  permissionsOfRoles(names: readonly string[]): Promise<ReadonlySet<Permission>>;
  observed(): Observed | undefined;
}

/** After that, another person may be at an unlocked screen. */
const SIGNED_IN_FOR_SECONDS = 3_600;

/** `/status`: how the server is, for people who may see that, without Grafana. */
export async function statusPage(app: FastifyInstance, parts: StatusPageParts): Promise<void> {
  const { views, sessions, now, readLimit } = parts;
  app.get(PATHS.status, { config: { ...readLimit } }, async (request, reply) => {
    const session = await sessions.current(request, reply);
    const account = session && (await parts.findAccount(session.accountId));
    if (!session || account?.standing !== 'active')
      return redirectTo(reply, sessions.signInUrl({ returnTo: PATHS.status }));
    // The same answer as for a page that does not exist, so that it does not tell who is an operator.
    if (!(await parts.permissionsOfRoles(account.roles)).has(SEE_STATUS))
      throw new AppError('not_found', 'there is nothing here');
    const needed = strongestAcr(account);
    if (now() / 1_000 - session.authTime > SIGNED_IN_FOR_SECONDS || !isEnough(session.acr, needed)) {
      const acr = account.secondFactors.length > 0 ? { acr: needed } : {};
      return redirectTo(reply, sessions.signInUrl({ returnTo: PATHS.status, fresh: true, ...acr }));
    }
    const observed = parts.observed();
    if (!observed) throw new AppError('temporarily_unavailable', 'the node is starting; try again shortly');
    const { node, history, read } = observed;
    const locale = views.negotiate(account.locale, request.headers['accept-language']);
    const data = statusData(node, await read(), history.minutes(), { now: now(), locale });
    return reply.type('text/html; charset=utf-8').send(views.render(statusView, data, locale));
  });
}
