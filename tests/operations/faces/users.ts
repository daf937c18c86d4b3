import { createEvents } from '../../../server/accounts/events.ts';
import { createTexts } from '../../../server/accounts/texts.ts';
import { userCredentials } from '../../../server/operations/user_credentials.ts';
import { userDeletion } from '../../../server/operations/user_deletion.ts';
import { userInactivity } from '../../../server/operations/user_inactivity.ts';
import { userNames } from '../../../server/operations/user_names.ts';
import { userRestriction } from '../../../server/operations/user_restriction.ts';
import { userSessions } from '../../../server/operations/user_sessions.ts';
import { userState } from '../../../server/operations/user_state.ts';
import { users } from '../../../server/operations/users.ts';
import { softPasskey } from '../../helpers/authenticator.ts';
import type { FacesOf } from '../../helpers/faces.ts';
import { createFactorSeeder } from '../../helpers/factors.ts';
import { lockOut } from '../../helpers/lockouts.ts';
import { remember } from '../../helpers/secrets.ts';

/** People. */
export const userFaces: FacesOf = async ({ db, masterKey, seed, records }) => {
  const factors = await createFactorSeeder({ db, masterKey, issuer: 'https://id.example.com' });
  const party = await seed.party();
  const { id, email } = await seed.person({ username: 'ada', groups: ['team'] });
  const uid = await records.session(id);
  await records.session(id);
  await db.transact(createTexts({ db, now: Date.now }).accepting(id, [{ kind: 'terms', version: '1' }]));
  await records.grant(id, party.id);
  const armed = await seed.person();
  await factors.totp(armed.id);
  await factors.passkey(armed.id, softPasskey());
  await factors.recoveryCodes(armed.id);
  const [passkey] = await factors.passkeys.list(await factors.accounts.resolve(armed.id));
  const rearmed = await seed.person();
  await factors.totp(rearmed.id);
  const leaving = await seed.person();
  const locked = await seed.person();
  await lockOut({ db, masterKey, seed }, locked.email);
  const events = createEvents({ db, accounts: seed.accounts, now: Date.now });
  const from = { browser: 'Firefox', system: 'Linux', address: '192.0.2.1' };
  await db.transact([events.append(await seed.accounts.resolve(id), 'signed_in', from)]);
  const password = remember('password', 'Kestrel-Fjord-7-Anvil');
  const path = `/users/${id}`;
  const factorsPath = `/users/${armed.id}/factors`;
  return [
    { operation: users.list, cli: ['users', 'list'], method: 'GET', path: '/users' },
    {
      operation: users.search,
      cli: ['users', 'list', '--filter', `email eq "${email}"`],
      method: 'POST',
      path: '/users/search',
      body: { filter: `email eq "${email}"`, sort: 'created_at' },
    },
    { operation: users.show, cli: ['users', 'show', email], method: 'GET', path },
    {
      operation: users.create,
      cli: ['users', 'create', '--email', 'new@example.com', '--name', 'New', '--password-stdin'],
      input: password,
      method: 'POST',
      path: '/users',
      body: { email: 'new@example.com', name: 'New', password },
    },
    {
      operation: users.create,
      about: 'with a group that does not exist',
      cli: ['users', 'create', '--email', 'other@example.com', '--group', 'unknown', '--no-password'],
      method: 'POST',
      path: '/users',
      body: { email: 'other@example.com', groups: ['unknown'] },
      refused: 'invalid_input',
    },
    {
      operation: userState.invite,
      cli: ['users', 'invite', '--email', 'guest@example.com', '--name', 'Guest'],
      method: 'POST',
      path: '/users/invite',
      body: { email: 'guest@example.com', name: 'Guest' },
    },
    {
      operation: userState.invite,
      about: 'of somebody who has signed in already',
      cli: ['users', 'invite', '--email', email],
      method: 'POST',
      path: '/users/invite',
      body: { email },
      refused: 'identifier_taken',
    },
    {
      operation: users.update,
      cli: ['users', 'update', 'ada', '--given-name', 'Ada', '--email', 'ada@example.com', '--email-verified'],
      method: 'PATCH',
      path,
      body: { given_name: 'Ada', email: 'ada@example.com', email_verified: true },
    },
    {
      operation: users.update,
      about: 'that removes a member',
      cli: ['users', 'update', id, '--username', ''],
      method: 'PATCH',
      path,
      body: { username: null },
    },
    {
      operation: users.update,
      about: 'to an address that somebody has',
      cli: ['users', 'update', id, '--email', armed.email],
      method: 'PATCH',
      path,
      body: { email: armed.email },
      refused: 'identifier_taken',
    },
    { operation: userNames.groups, cli: ['users', 'groups', id], method: 'GET', path: `${path}/groups` },
    {
      operation: userNames.setGroups,
      cli: ['users', 'groups', id, '--set', ''],
      method: 'PUT',
      path: `${path}/groups`,
      body: { groups: [] },
    },
    {
      operation: userNames.setRoles,
      cli: ['users', 'roles', id, '--set', 'cardea-auditor'],
      method: 'PUT',
      path: `${path}/roles`,
      body: { roles: ['cardea-auditor'] },
    },
    { operation: userNames.roles, cli: ['users', 'roles', id], method: 'GET', path: `${path}/roles` },
    { operation: userSessions.grants, cli: ['users', 'grants', id], method: 'GET', path: `${path}/grants` },
    {
      operation: userSessions.revokeGrants,
      cli: ['users', 'revoke-grants', id, party.id],
      method: 'DELETE',
      path: `${path}/grants/${party.id}`,
    },
    { operation: userSessions.list, cli: ['users', 'sessions', id], method: 'GET', path: `${path}/sessions` },
    {
      operation: userSessions.end,
      cli: ['users', 'end-sessions', id, '--session', uid],
      method: 'DELETE',
      path: `${path}/sessions/${uid}`,
    },
    { operation: userSessions.endAll, cli: ['users', 'end-sessions', id], method: 'DELETE', path: `${path}/sessions` },
    {
      operation: userSessions.revokeGrants,
      about: 'that has no access',
      cli: ['users', 'revoke-grants', id, party.id],
      method: 'DELETE',
      path: `${path}/grants/${party.id}`,
      refused: 'not_found',
    },
    {
      operation: userSessions.events,
      cli: ['users', 'events', id],
      method: 'GET',
      path: `${path}/events`,
    },
    { operation: userState.disable, cli: ['users', 'disable', id], method: 'POST', path: `${path}/disable` },
    { operation: userState.enable, cli: ['users', 'enable', id], method: 'POST', path: `${path}/enable` },
    {
      operation: users.show,
      about: 'who is locked out',
      cli: ['users', 'show', locked.id],
      method: 'GET',
      path: `/users/${locked.id}`,
    },
    {
      operation: userState.unlock,
      cli: ['users', 'unlock', locked.email],
      method: 'POST',
      path: `/users/${locked.id}/unlock`,
    },
    {
      operation: userCredentials.setPassword,
      cli: ['users', 'set-password', id, '--password-stdin'],
      input: password,
      method: 'POST',
      path: `${path}/password`,
      body: { password },
    },
    { operation: userCredentials.factors, cli: ['users', 'factors', armed.id], method: 'GET', path: factorsPath },
    {
      operation: userCredentials.removeRecoveryCodes,
      cli: ['users', 'remove-factor', armed.id, 'recovery_codes'],
      method: 'DELETE',
      path: `${factorsPath}/recovery_codes`,
    },
    {
      operation: userCredentials.removeTotp,
      cli: ['users', 'remove-factor', armed.id, 'totp'],
      method: 'DELETE',
      path: `${factorsPath}/totp`,
    },
    {
      operation: userCredentials.removePasskey,
      cli: ['users', 'remove-factor', armed.id, passkey?.id ?? ''],
      method: 'DELETE',
      path: `${factorsPath}/passkeys/${passkey?.id}`,
    },
    {
      operation: userCredentials.resetFactors,
      cli: ['users', 'reset-factors', rearmed.id],
      method: 'DELETE',
      path: `/users/${rearmed.id}/factors`,
    },
    {
      operation: userRestriction.restrict,
      cli: ['users', 'restrict', leaving.id, '--reason', 'objection'],
      method: 'POST',
      path: `/users/${leaving.id}/restrict`,
      body: { reason: 'objection' },
    },
    {
      operation: userDeletion.erase,
      about: 'of somebody whose data must stay',
      cli: ['users', 'erase', leaving.id],
      method: 'POST',
      path: `/users/${leaving.id}/erase`,
      refused: 'processing_restricted',
    },
    {
      operation: userRestriction.lift,
      cli: ['users', 'lift-restriction', leaving.id],
      method: 'POST',
      path: `/users/${leaving.id}/lift-restriction`,
    },
    { operation: userInactivity.inactive, cli: ['users', 'inactive'], method: 'GET', path: '/users/inactive' },
    {
      operation: userDeletion.remove,
      cli: ['users', 'delete', leaving.id],
      method: 'DELETE',
      path: `/users/${leaving.id}`,
    },
    {
      operation: userDeletion.restore,
      cli: ['users', 'restore', leaving.id],
      method: 'POST',
      path: `/users/${leaving.id}/restore`,
    },
    {
      operation: userDeletion.erase,
      cli: ['users', 'erase', leaving.id],
      method: 'POST',
      path: `/users/${leaving.id}/erase`,
    },
  ];
};
