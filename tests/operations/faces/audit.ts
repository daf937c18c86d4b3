import { audit } from '../../../server/operations/audit.ts';
import { auditKeys } from '../../../server/operations/audit_keys.ts';
import { auditLog } from '../../../server/operations/audit_log.ts';
import { config } from '../../../server/operations/config.ts';
import { auditLog as auditLogOf, auditOf } from '../../helpers/audit.ts';
import type { FacesOf } from '../../helpers/faces.ts';

export const auditFaces: FacesOf = async ({ db, masterKey }) => {
  const log = await auditOf({ db, masterKey });
  const entry = { actor: { kind: 'system', id: 'test' }, outcome: 'done', requestId: 'r' } as const;
  await db.transact([
    log.append({ ...entry, action: 'groups.create', target: { kind: 'group', id: 'a' } }),
    log.append({ ...entry, action: 'keys.rotate', target: { kind: 'ring', id: 'RS256' } }),
  ]);
  const { seal, verify } = await auditLogOf({ db, masterKey });
  await seal();
  const size = (await verify()).newest?.head.tree_size;
  const [row] = await db.run<{ id: string }>({ name: '', text: "SELECT id FROM audit WHERE target_id = 'a'" }, []);
  const filter = 'action sw "groups." and actor_kind eq "system"';
  return [
    { operation: audit.list, cli: ['audit', 'list'], method: 'GET', path: '/audit' },
    {
      operation: audit.list,
      about: 'with a filter',
      cli: ['audit', 'list', '--filter', filter, '--sort', 'at'],
      method: 'GET',
      path: `/audit?filter=${encodeURIComponent(filter)}&sort=at`,
    },
    { operation: audit.show, cli: ['audit', 'show', row?.id ?? ''], method: 'GET', path: `/audit/${row?.id}` },
    { operation: auditLog.heads, cli: ['audit', 'heads'], method: 'GET', path: '/audit/heads' },
    { operation: auditKeys.list, cli: ['audit', 'keys'], method: 'GET', path: '/audit/keys' },
    {
      operation: auditLog.prove,
      cli: ['audit', 'prove', row?.id ?? ''],
      method: 'GET',
      path: `/audit/${row?.id}/proof`,
    },
    {
      operation: auditLog.consistency,
      cli: ['audit', 'consistency', '--from', String(size)],
      method: 'GET',
      path: `/audit/consistency?from=${size}`,
    },
    { operation: auditKeys.rotate, cli: ['audit', 'rotate-key'], method: 'POST', path: '/audit/keys/rotate' },
    { operation: config.show, cli: ['config', 'show'], method: 'GET', path: '/config' },
    {
      operation: config.show,
      about: 'as the variables say it',
      cli: ['config', 'check'],
      method: 'GET',
      path: '/config',
    },
  ];
};
