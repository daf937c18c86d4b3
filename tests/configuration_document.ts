import type { Setting } from '../server/platform/settings.ts';
import { SETTING_GROUPS } from '../server/settings.ts';

/** ops/docs/configuration.md: all settings, generated from the table that the server reads them by. */
export function configurationDocument(): string {
  const groups = Object.entries(SETTING_GROUPS).map(([heading, settings]) =>
    [`## ${heading}`, '', '| variable | default | |', '| --- | --- | --- |', ...Object.entries(settings).map(row)].join(
      '\n',
    ),
  );
  return `${[INTRODUCTION, ...groups].join('\n\n')}\n`;
}

const INTRODUCTION = `# Configuration

Written by \`make documents\` from \`server/settings.ts\`.

Cardea is configured by \`CARDEA_*\` environment variables. An unknown name is refused with the nearest known one. Variables
marked with * can be read from a file instead: \`CARDEA_MASTER_KEY_FILE\` names the file of \`CARDEA_MASTER_KEY\`. A duration is
a whole number followed by \`s\`, \`m\`, \`h\` or \`d\`, such as \`90s\` or \`30d\`; a number alone means seconds. It is at most ten
years (\`3650d\`), or less where the table says so. \`cardea config check\` prints the settings in force.`;

function row([name, { fallback, unset, secret, about }]: [string, Setting]): string {
  const standard = fallback === undefined ? marked(unset ?? 'none') : fallback === '' ? 'none' : `\`${fallback}\``;
  return `| \`${name}\`${secret ? ' *' : ''} | ${standard} | ${marked(about)} |`;
}

/** Formats names of settings, URLs and paths as code. */
function marked(text: string): string {
  return text.replaceAll(/CARDEA_[A-Z_]+(\/\w+)?|\b[a-z+]+:\/\/[^\s;)|]+(?<!,)|(?<=\s)\/[a-z/.]+\b/g, '`$&`');
}
