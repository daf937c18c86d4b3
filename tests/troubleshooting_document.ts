import { OAUTH_ERRORS } from '../server/oidc/openapi/responses.ts';
import { replaced } from './admin_api_document.ts';
import { type Advice, OF_REQUESTS } from './troubleshooting/descriptions.ts';
import { LOG_LINES } from './troubleshooting/log_lines.ts';
import { OF_ENDPOINTS } from './troubleshooting/token_descriptions.ts';

/** Puts the errors of OAuth and the lines of the log into ops/docs/troubleshooting.md. */
export function withAdvice(document: string): string {
  return replaced(replaced(document, 'errors', errorSections()), 'log lines', logSections());
}

/** The advice about each error of OAuth, by its code, in alphabetical order. */
export function advicesByCode(): ReadonlyMap<string, readonly Advice[]> {
  const codes = [...new Set([OF_REQUESTS, OF_ENDPOINTS].flatMap((table) => Object.keys(table)))].toSorted();
  return new Map(codes.map((code) => [code, [...(OF_REQUESTS[code] ?? []), ...(OF_ENDPOINTS[code] ?? [])]]));
}

function errorSections(): string[] {
  return [...advicesByCode()].flatMap(([code, advices]) => [
    '',
    `### ${code}`,
    '',
    `${sentence(OAUTH_ERRORS[code] ?? '')}`,
    '',
    '| `error_description` | what to do |',
    '| --- | --- |',
    ...advices.map(({ said, remedy }) => `| ${said.map(asCode).join('<br>')} | ${remedy} |`),
  ]);
}

function logSections(): string[] {
  return Object.entries(LOG_LINES).flatMap(([part, lines]) => [
    '',
    `### ${part}`,
    '',
    '| `msg` | what it means | what to do |',
    '| --- | --- | --- |',
    ...lines.map(({ said, means, remedy }) => `| ${said.map(asCode).join('<br>')} | ${means} | ${remedy} |`),
  ]);
}

const sentence = (text: string) => (text === '' ? '' : `${text[0]?.toUpperCase()}${text.slice(1)}.`);

/** As code, also where the text has backticks. */
function asCode(text: string): string {
  const quote = text.includes('`') ? '``' : '`';
  const space = text.startsWith('`') || text.endsWith('`') ? ' ' : '';
  return `${quote}${space}${text.replaceAll('|', '\\|')}${space}${quote}`;
}
