import cookie from '@fastify/cookie';
import formbody from '@fastify/formbody';
import type { FastifyInstance } from 'fastify';
import { createNamed } from '../accounts/named.ts';
import { demoRoutes } from '../demo/demo.ts';
import { createDeviceCookie } from '../login/device_cookie.ts';
import { loginRoutes } from '../login/routes.ts';
import { statusPage } from '../monitoring/status_page.ts';
import { createSessions } from '../oidc/sessions.ts';
import { createPermissionsOfRoles } from '../operations/role_permissions.ts';
import { repeatForms } from '../platform/form_repeats.ts';
import { rateLimitOf } from '../platform/route_limits.ts';
import { publicRoutes } from '../selfservice/public.ts';
import { accountRoutes } from '../selfservice/routes.ts';
import { accountOptions } from './account_options.ts';
import type { FormParts, SharedByForms } from './form_parts.ts';
import { repeatsOf } from './form_repeats.ts';
import { loginOptions } from './login_options.ts';
import { publicOptions } from './public_options.ts';

/** All pages with forms: the sign-in, mailed links, the account, the demo. */
export async function formRoutes(http: FastifyInstance, parts: FormParts): Promise<void> {
  const { infrastructure, accountServices, protocol } = parts;
  const { config, db, limits, now, sealer, views, mailer, writes } = infrastructure;
  const { issuer } = config;
  const { repeatedForms, serving, units } = protocol;
  const shared: SharedByForms = {
    deviceCookie: createDeviceCookie(issuer, config.kept.devices),
    sessions: createSessions({ issuer, serving, units, sealer, now }),
    limit: { rateLimit: rateLimitOf(limits.forms.address) },
    readLimit: { rateLimit: rateLimitOf(limits.pages.address) },
  };

  await http.register(async (scope) => {
    scope.removeAllContentTypeParsers(); // only forms: no JSON
    await scope.register(formbody);
    await scope.register(cookie);
    repeatForms(scope, repeatsOf(repeatedForms, issuer, writes));

    await loginRoutes(scope, loginOptions(parts, shared));
    if (mailer) await publicRoutes(scope, publicOptions(parts, shared));
    await accountRoutes(scope, accountOptions(parts, shared));
    await statusPage(scope, {
      views,
      sessions: shared.sessions,
      now,
      readLimit: shared.readLimit,
      findAccount: (id) => accountServices.accounts.findById(id),
      permissionsOfRoles: createPermissionsOfRoles(createNamed('roles', { db, now })),
      observed: parts.observed,
    });
    if (config.demo) await demoRoutes(scope, { issuer, views, now });
  });
}
