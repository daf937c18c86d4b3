import { audit } from '../operations/audit.ts';
import { auditKeys } from '../operations/audit_keys.ts';
import { auditLog } from '../operations/audit_log.ts';
import { backups } from '../operations/backups.ts';
import { clients } from '../operations/clients.ts';
import { config } from '../operations/config.ts';
import { consentTexts } from '../operations/consent_texts.ts';
import { deadLetters } from '../operations/dead_letters.ts';
import { deliveries } from '../operations/deliveries.ts';
import { destinations } from '../operations/destinations.ts';
import { grants } from '../operations/grants.ts';
import { groups } from '../operations/groups.ts';
import { keys } from '../operations/keys.ts';
import { lockouts } from '../operations/lockouts.ts';
import { mails } from '../operations/mails.ts';
import { me } from '../operations/me.ts';
import { privacy } from '../operations/privacy.ts';
import { registrations } from '../operations/registrations.ts';
import { resources } from '../operations/resources.ts';
import { roles } from '../operations/roles.ts';
import { sessions } from '../operations/sessions.ts';
import { tokens } from '../operations/tokens.ts';
import type { Route } from './route.ts';
import { USER_ROUTES } from './user_routes.ts';

export type { Route } from './route.ts';

/** Every route of the API. A route that is not listed does not exist. */
export const ROUTES: readonly Route[] = [
  ...USER_ROUTES,

  { method: 'GET', path: '/me', operation: me.show },
  { method: 'GET', path: '/backups', operation: backups.list },
  { method: 'GET', path: '/backups/status', operation: backups.status },
  { method: 'GET', path: '/clients', operation: clients.list },
  { method: 'POST', path: '/clients', operation: clients.create, location: at('/clients', 'client_id') },
  { method: 'GET', path: '/clients/:client_id', operation: clients.show, versioned: true },
  { method: 'PATCH', path: '/clients/:client_id', operation: clients.update, versioned: true },
  { method: 'PUT', path: '/clients/:client_id', operation: clients.replace, versioned: true },
  { method: 'DELETE', path: '/clients/:client_id', operation: clients.remove, versioned: true },
  { method: 'POST', path: '/clients/:client_id/rotate-secret', operation: clients.rotateSecret, versioned: true },
  { method: 'POST', path: '/clients/:client_id/end-secret', operation: clients.endSecret, versioned: true },

  { method: 'GET', path: '/resources', operation: resources.list },
  { method: 'POST', path: '/resources', operation: resources.create, location: at('/resources', 'identifier') },
  { method: 'GET', path: '/resources/:identifier', operation: resources.show, versioned: true },
  { method: 'PATCH', path: '/resources/:identifier', operation: resources.update, versioned: true },
  { method: 'PUT', path: '/resources/:identifier', operation: resources.replace, versioned: true },
  { method: 'DELETE', path: '/resources/:identifier', operation: resources.remove, versioned: true },

  { method: 'GET', path: '/groups', operation: groups.list },
  { method: 'POST', path: '/groups', operation: groups.create, location: at('/groups', 'name') },
  { method: 'GET', path: '/groups/:name', operation: groups.show, versioned: true },
  { method: 'PATCH', path: '/groups/:name', operation: groups.update, versioned: true },
  { method: 'DELETE', path: '/groups/:name', operation: groups.remove, versioned: true },

  { method: 'GET', path: '/roles', operation: roles.list },
  { method: 'POST', path: '/roles', operation: roles.create, location: at('/roles', 'name') },
  { method: 'GET', path: '/roles/:name', operation: roles.show, versioned: true },
  { method: 'PATCH', path: '/roles/:name', operation: roles.update, versioned: true },
  { method: 'DELETE', path: '/roles/:name', operation: roles.remove, versioned: true },

  { method: 'GET', path: '/sessions', operation: sessions.list },
  { method: 'GET', path: '/sessions/:uid', operation: sessions.show },
  { method: 'DELETE', path: '/sessions/:uid', operation: sessions.end },

  { method: 'GET', path: '/grants', operation: grants.list },
  { method: 'GET', path: '/grants/:id', operation: grants.show },
  { method: 'DELETE', path: '/grants/:id', operation: grants.revoke },

  { method: 'POST', path: '/tokens/revoke', operation: tokens.revoke },

  { method: 'GET', path: '/lockouts', operation: lockouts.list },
  { method: 'DELETE', path: '/lockouts/:id', operation: lockouts.end },

  { method: 'GET', path: '/registrations', operation: registrations.list },
  { method: 'POST', path: '/registrations', operation: registrations.create, location: at('/registrations', 'id') },
  { method: 'GET', path: '/registrations/:id', operation: registrations.show },
  { method: 'DELETE', path: '/registrations/:id', operation: registrations.remove },

  { method: 'GET', path: '/mails', operation: mails.list },
  { method: 'GET', path: '/mails/:id', operation: mails.show },
  { method: 'POST', path: '/mails/:id/retry', operation: mails.retry },
  { method: 'DELETE', path: '/mails/:id', operation: mails.drop },

  { method: 'GET', path: '/deliveries', operation: deliveries.list },
  { method: 'GET', path: '/deliveries/:id', operation: deliveries.show },
  { method: 'POST', path: '/deliveries/:id/retry', operation: deliveries.retry },
  { method: 'DELETE', path: '/deliveries/:id', operation: deliveries.drop },

  { method: 'GET', path: '/keys', operation: keys.list },
  { method: 'POST', path: '/keys/rotate', operation: keys.rotate },
  { method: 'POST', path: '/keys/:kid/revoke', operation: keys.revoke },

  { method: 'GET', path: '/audit', operation: audit.list },
  { method: 'GET', path: '/audit/destinations', operation: destinations.list },
  {
    method: 'POST',
    path: '/audit/destinations',
    operation: destinations.create,
    location: at('/audit/destinations', 'id'),
  },
  { method: 'GET', path: '/audit/destinations/:id', operation: destinations.show, versioned: true },
  { method: 'PATCH', path: '/audit/destinations/:id', operation: destinations.update, versioned: true },
  { method: 'DELETE', path: '/audit/destinations/:id', operation: destinations.remove, versioned: true },
  { method: 'POST', path: '/audit/destinations/:id/enable', operation: destinations.enable, versioned: true },
  { method: 'POST', path: '/audit/destinations/:id/disable', operation: destinations.disable, versioned: true },
  { method: 'POST', path: '/audit/destinations/:id/replay', operation: destinations.replay, versioned: true },
  {
    method: 'POST',
    path: '/audit/destinations/:id/rotate-secret',
    operation: destinations.rotateSecret,
    versioned: true,
  },
  { method: 'POST', path: '/audit/destinations/:id/dead-letters/retry', operation: deadLetters.retryAll },
  { method: 'DELETE', path: '/audit/destinations/:id/dead-letters', operation: deadLetters.dropAll },
  { method: 'GET', path: '/audit/dead-letters', operation: deadLetters.list },
  { method: 'GET', path: '/audit/dead-letters/:id', operation: deadLetters.show },
  { method: 'POST', path: '/audit/dead-letters/:id/retry', operation: deadLetters.retry },
  { method: 'DELETE', path: '/audit/dead-letters/:id', operation: deadLetters.drop },
  { method: 'GET', path: '/audit/export', operation: audit.export },
  { method: 'GET', path: '/audit/heads', operation: auditLog.heads },
  { method: 'GET', path: '/audit/keys', operation: auditKeys.list },
  { method: 'POST', path: '/audit/keys/rotate', operation: auditKeys.rotate },
  { method: 'GET', path: '/audit/consistency', operation: auditLog.consistency },
  { method: 'POST', path: '/audit/verify', operation: auditLog.verify },
  { method: 'GET', path: '/audit/:id', operation: audit.show },
  { method: 'GET', path: '/audit/:id/proof', operation: auditLog.prove },

  { method: 'GET', path: '/privacy/report', operation: privacy.report },
  { method: 'GET', path: '/privacy/texts', operation: consentTexts.list },
  { method: 'POST', path: '/privacy/texts', operation: consentTexts.publish },
  { method: 'POST', path: '/privacy/texts/:kind/:version/withdraw', operation: consentTexts.withdraw },

  { method: 'GET', path: '/config', operation: config.show },
];

function at(collection: string, member: string): NonNullable<Route['location']> {
  return (output) => `${collection}/${encodeURIComponent(String(output[member]))}`;
}
