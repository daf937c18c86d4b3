import { ACTIONS } from '../server/audit/actions.ts';
import { DISABLED_REASONS, FAILURES, NUMBERED_FAILURES } from '../server/audit/failures.ts';
import { replaced } from './admin_api_document.ts';

/** Puts the table of actions into ops/docs/audit.md. */
export function withActions(document: string): string {
  const rows = Object.entries(ACTIONS).map(([name, happened]) => `| \`${name}\` | ${happened} |`);
  return replaced(document, 'actions', ['| action | what has happened |', '| --- | --- |', ...rows]);
}

/** Puts the reasons of failed deliveries into ops/docs/audit-delivery.md. */
export function withReasons(document: string): string {
  const reasons = Object.entries({ ...NUMBERED_FAILURES, ...FAILURES });
  const rows = reasons.map(([name, meaning]) => `| \`${name}\` | ${meaning} |`);
  const disabled = Object.entries(DISABLED_REASONS).map(([name, meaning]) => `| \`${name}\` | ${meaning} |`);
  return [
    ['reasons', '| reason | |', rows] as const,
    ['disabled reasons', '| `disabled_reason` | |', disabled] as const,
  ].reduce((text, [name, head, all]) => replaced(text, name, [head, '| --- | --- |', ...all]), document);
}
