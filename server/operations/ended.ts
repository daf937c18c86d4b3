import { DEVICE_STATEMENTS } from '../accounts/devices.ts';
import type { Changes } from '../audit/entries.ts';
import type { Clock } from '../platform/clock.ts';
import type { BoundStatement, Row } from '../platform/db.ts';
import { endedIn } from '../records/overview.ts';

/**
 * How many sessions, grants, other records and known browsers a change has ended, for its entry in the audit: what it has ended none of is left out.
 * @param statements of the change, with those of `endSessions` among them
 */
export function endedWith(statements: readonly BoundStatement[], now: Clock): (rows: readonly Row[][]) => Changes {
  return (rows) => {
    const { sessions, grants, records } = endedIn(statements, rows, now());
    const devices = rows.flatMap((of, i) =>
      statements[i]?.statement === DEVICE_STATEMENTS.forgetOthers ? of.map(({ forgotten }) => Number(forgotten)) : [],
    );
    return counted({
      sessions_ended: sessions,
      grants_ended: grants,
      records_ended: records,
      devices_forgotten: devices.reduce((sum, one) => sum + one, 0),
    });
  };
}

function counted(counts: Readonly<Record<string, number>>): Changes {
  const some = Object.entries(counts).filter(([, count]) => count > 0);
  return Object.fromEntries(some.map(([name, after]) => [name, { after }]));
}
