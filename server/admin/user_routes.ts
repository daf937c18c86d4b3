import { userCredentials } from '../operations/user_credentials.ts';
import { userDataExport } from '../operations/user_data_export.ts';
import { userDeletion } from '../operations/user_deletion.ts';
import { userExport } from '../operations/user_export.ts';
import { userImport } from '../operations/user_import.ts';
import { userInactivity } from '../operations/user_inactivity.ts';
import { userNames } from '../operations/user_names.ts';
import { userRestriction } from '../operations/user_restriction.ts';
import { userSessions } from '../operations/user_sessions.ts';
import { userState } from '../operations/user_state.ts';
import { users } from '../operations/users.ts';
import type { Route } from './route.ts';

const ONE = '/users/:id';

/** Everything about people. No URL has an e-mail address or a name. */
export const USER_ROUTES: readonly Route[] = [
  { method: 'GET', path: '/users', operation: users.list },
  { method: 'GET', path: '/users/inactive', operation: userInactivity.inactive },
  { method: 'GET', path: '/users/export', operation: userExport.export },
  { method: 'POST', path: '/users/import', operation: userImport.import },
  { method: 'POST', path: '/users/search', operation: users.search },
  {
    method: 'POST',
    path: '/users',
    operation: users.create,
    location: ({ id }) => `/users/${id}`,
  },
  { method: 'POST', path: '/users/invite', operation: userState.invite },
  { method: 'GET', path: ONE, operation: users.show, versioned: true },
  { method: 'PATCH', path: ONE, operation: users.update, versioned: true },
  { method: 'DELETE', path: ONE, operation: userDeletion.remove, versioned: true },
  { method: 'POST', path: `${ONE}/restore`, operation: userDeletion.restore, versioned: true },
  { method: 'POST', path: `${ONE}/erase`, operation: userDeletion.erase, versioned: true },
  { method: 'POST', path: `${ONE}/restrict`, operation: userRestriction.restrict, versioned: true },
  { method: 'POST', path: `${ONE}/lift-restriction`, operation: userRestriction.lift, versioned: true },
  { method: 'POST', path: `${ONE}/disable`, operation: userState.disable, versioned: true },
  { method: 'POST', path: `${ONE}/enable`, operation: userState.enable, versioned: true },
  { method: 'POST', path: `${ONE}/unlock`, operation: userState.unlock, versioned: true },
  { method: 'POST', path: `${ONE}/password`, operation: userCredentials.setPassword, versioned: true },
  { method: 'GET', path: `${ONE}/groups`, operation: userNames.groups, versioned: true },
  { method: 'PUT', path: `${ONE}/groups`, operation: userNames.setGroups, versioned: true },
  { method: 'GET', path: `${ONE}/roles`, operation: userNames.roles, versioned: true },
  { method: 'PUT', path: `${ONE}/roles`, operation: userNames.setRoles, versioned: true },
  { method: 'GET', path: `${ONE}/factors`, operation: userCredentials.factors },
  { method: 'DELETE', path: `${ONE}/factors`, operation: userCredentials.resetFactors, versioned: true },
  { method: 'DELETE', path: `${ONE}/factors/totp`, operation: userCredentials.removeTotp, versioned: true },
  {
    method: 'DELETE',
    path: `${ONE}/factors/recovery_codes`,
    operation: userCredentials.removeRecoveryCodes,
    versioned: true,
  },
  {
    method: 'DELETE',
    path: `${ONE}/factors/passkeys/:passkey_id`,
    operation: userCredentials.removePasskey,
    versioned: true,
  },
  { method: 'GET', path: `${ONE}/sessions`, operation: userSessions.list },
  { method: 'DELETE', path: `${ONE}/sessions`, operation: userSessions.endAll },
  { method: 'DELETE', path: `${ONE}/sessions/:uid`, operation: userSessions.end },
  { method: 'GET', path: `${ONE}/grants`, operation: userSessions.grants },
  { method: 'DELETE', path: `${ONE}/grants/:client_id`, operation: userSessions.revokeGrants },
  { method: 'GET', path: `${ONE}/events`, operation: userSessions.events },
  {
    method: 'POST',
    path: `${ONE}/data-export`,
    operation: userDataExport.export,
    file: { member: 'zip', name: 'personal-data.zip', type: 'application/zip' },
  },
];
