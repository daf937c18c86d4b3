import { ACTIONS } from '../server/audit/actions.ts';
import { replaced } from './admin_api_document.ts';

/** Puts the table of actions into ops/docs/audit.md. */
export function withActions(document: string): string {
  const rows = Object.entries(ACTIONS).map(([name, happened]) => `| \`${name}\` | ${happened} |`);
  return replaced(document, 'actions', ['| action | what has happened |', '| --- | --- |', ...rows]);
}
