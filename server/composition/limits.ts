import { type LimitInForce, type Limits, type LimitsInForce, limitEntries } from '../limit_table.ts';
import { createLimit, createServerLimit, type LimitParts } from '../platform/limit.ts';

/** Opens the limits of the table: each counts for itself. */
export function openLimits(inForce: LimitsInForce, parts: LimitParts): Limits {
  const limits: Record<string, Record<string, unknown>> = {};
  for (const { name, scope } of limitEntries()) {
    const terms = (inForce[name] as Readonly<Record<string, LimitInForce>>)[scope];
    if (!terms) throw new Error(`the limit ${name}.${scope} has no terms`);
    limits[name] = { ...limits[name], [scope]: open(`${name}.${scope}`, terms, parts) };
  }
  return limits as unknown as Limits;
}

function open(name: string, terms: LimitInForce, parts: LimitParts) {
  const { max, seconds, unit } = terms;
  if (seconds === undefined) return max;
  return name.endsWith('.server')
    ? createServerLimit(name, { max, seconds, unit }, parts)
    : createLimit(name, { max, seconds, unit }, parts);
}
