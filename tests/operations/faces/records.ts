import { randomBytes } from 'node:crypto';
import { grants } from '../../../server/operations/grants.ts';
import { lockouts } from '../../../server/operations/lockouts.ts';
import { sessions } from '../../../server/operations/sessions.ts';
import { tokens } from '../../../server/operations/tokens.ts';
import type { Face, FaceSeed, FacesOf } from '../../helpers/faces.ts';
import { lockOut } from '../../helpers/lockouts.ts';
import { remember } from '../../helpers/secrets.ts';

export const recordFaces: FacesOf = async (made) => {
  const { seed, records } = made;
  const [person, other] = [await seed.person(), await seed.person()];
  const party = await seed.party();
  const unused = await seed.party();
  const [shown, ended, revoked] = [
    await records.session(person.id),
    await records.session(person.id),
    await records.session(person.id),
  ];
  await records.session(other.id);
  const [grant, second, third] = [
    await records.grant(person.id, party.id),
    await records.grant(person.id, party.id),
    await records.grant(other.id, party.id),
  ];
  const opaque = remember('refresh_token', randomBytes(32).toString('base64url'));
  await records.records('RefreshToken', [
    { jti: opaque, grantId: third, accountId: other.id, clientId: party.id, iat: Math.floor(Date.now() / 1_000) },
  ]);
  const revocation = (about: string, cli: readonly string[], body: object): Face => ({
    operation: tokens.revoke,
    about,
    cli: ['tokens', 'revoke', ...cli],
    method: 'POST',
    path: '/tokens/revoke',
    body,
  });
  const filter = `user_id eq "${person.id}"`;
  const query = `filter=${encodeURIComponent(filter)}`;
  return [
    { operation: sessions.list, cli: ['sessions', 'list'], method: 'GET', path: '/sessions' },
    {
      operation: sessions.list,
      about: 'of a person',
      cli: ['sessions', 'list', '--filter', filter],
      method: 'GET',
      path: `/sessions?${query}`,
    },
    { operation: sessions.show, cli: ['sessions', 'show', shown], method: 'GET', path: `/sessions/${shown}` },
    { operation: sessions.end, cli: ['sessions', 'end', ended], method: 'DELETE', path: `/sessions/${ended}` },
    {
      operation: sessions.end,
      about: 'again',
      cli: ['sessions', 'end', ended],
      method: 'DELETE',
      path: `/sessions/${ended}`,
      refused: 'not_found',
    },
    {
      operation: grants.list,
      cli: ['grants', 'list', '--filter', filter],
      method: 'GET',
      path: `/grants?${query}`,
    },
    { operation: grants.show, cli: ['grants', 'show', grant], method: 'GET', path: `/grants/${grant}` },
    { operation: grants.revoke, cli: ['grants', 'revoke', grant], method: 'DELETE', path: `/grants/${grant}` },
    revocation('by grant', ['--grant', second], { grant: second }),
    revocation('by session', ['--session', revoked], { session: revoked }),
    revocation('by jti', ['--jti', 'some-jti'], { jti: 'some-jti' }),
    { ...revocation('by token', ['--token-stdin'], { token: opaque }), input: `${opaque}\n` },
    { ...revocation('by an ended token', ['--token-stdin'], { token: opaque }), input: opaque, refused: 'not_found' },
    revocation('by user', ['--user', person.email], { user_id: person.id }),
    revocation('by client', ['--client', unused.id], { client_id: unused.id }),
    ...(await lockoutFaces(made)),
  ];
};

async function lockoutFaces(made: FaceSeed): Promise<Face[]> {
  const { email } = await made.seed.person();
  const id = await lockOut(made, email);
  const end = {
    operation: lockouts.end,
    cli: ['lockouts', 'end', id],
    method: 'DELETE',
    path: `/lockouts/${id}`,
  } as const;
  return [
    { operation: lockouts.list, cli: ['lockouts', 'list'], method: 'GET', path: '/lockouts' },
    end,
    { ...end, about: 'again', refused: 'not_found' },
  ];
}
