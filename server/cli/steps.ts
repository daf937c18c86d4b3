import { styleText } from 'node:util';
import type { Action, Difference, Step } from '../configuration/plan.ts';

type Colour = 'green' | 'yellow' | 'red' | 'magenta' | 'cyan';

const SIGNS: Readonly<Record<Action, { readonly sign: string; readonly colour: Colour; readonly note: string }>> = {
  create: { sign: '+', colour: 'green', note: '' },
  adopt: { sign: '=', colour: 'cyan', note: 'exists, and will belong to the file' },
  update: { sign: '~', colour: 'yellow', note: '' },
  restore: { sign: '!', colour: 'magenta', note: 'drift: changed elsewhere since the file was applied' },
  delete: { sign: '-', colour: 'red', note: 'no longer in the file' },
};

/**
 * The steps of a plan as text, a line for each thing and for each member that differs.
 * @param colours false for a pipe
 */
export function describeSteps(steps: readonly Step[], colours: boolean): string {
  if (steps.length === 0) return 'Everything is as the file says.\n';
  const paint = (colour: Colour, text: string) => (colours ? styleText(colour, text, { validateStream: false }) : text);
  return steps
    .map(({ kind, key, action, differences }) => {
      const { sign, colour, note } = SIGNS[action];
      const head = paint(colour, `${sign} ${kind}.${printable(key)}`) + (note === '' ? '' : `  (${note})`);
      const members = action === 'delete' ? [] : Object.entries(differences);
      return `${[head, ...members.map(([name, one]) => `    ${name}: ${describe(one)}`)].join('\n')}\n`;
    })
    .join('');
}

function describe(difference: Difference): string {
  if (!('before' in difference)) return text(difference.after);
  return `${text(difference.before)} → ${text(difference.after)}`;
}

const text = (value: unknown) => (value === undefined ? '(none)' : printable(JSON.stringify(value)));

/** A name in the database must not send control characters to the terminal. */
const printable = (value: string) => value.replaceAll(/\p{Cc}/gu, '\u{fffd}');
