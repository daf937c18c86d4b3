import { writeFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { applyFile, type FilePlan, planFile } from '../configuration/apply.ts';
import { exportFile } from '../configuration/export.ts';
import { openFile } from '../configuration/file.ts';
import type { Step } from '../configuration/plan.ts';
import { DECLARABLE } from '../operations/settings.ts';
import { PATHS } from '../views/paths.ts';
import { Differs } from './context.ts';
import { type Item, JSON_OPTION, type PrintOptions } from './output.ts';
import { describeSteps } from './steps.ts';
import type { CommandTools } from './tools.ts';

interface ApplyOptions extends PrintOptions {
  dryRun?: boolean;
}

interface ExportOptions {
  which: 'managed' | 'all';
}

/** Verbs of `config` for the configuration file. */
export function configFileCommands(noun: Command, tools: CommandTools): void {
  const { env, verb, printItem, printText, note, colours } = tools;

  const report = ({ steps, ended }: Pick<FilePlan, 'steps' | 'ended'>, options: PrintOptions) => {
    const waiting = fromNextStart(steps);
    if (ended.length > 0)
      note(`warning: these were withdrawn and do not apply: ${ended.join(', ')}; remove them from the file`);
    if (options.json) {
      printItem({ steps: steps as unknown as Item[], from_next_start: waiting, withdrawn: ended }, options);
      return;
    }
    printText(describeSteps(steps, colours));
    if (waiting.length > 0)
      note(`These count from the next start of each server, which keeps its values until then: ${waiting.join(', ')}.`);
  };

  noun
    .command('plan')
    .description('compare a configuration file with the database; exit code 3 when they differ')
    .argument('<file>', 'YAML or JSON')
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async ({ db, services }, options, name = '') => {
        const planned = await planFile(openFile(name, env), { db, services });
        report(planned, options);
        if (planned.steps.some(isChange)) throw new Differs();
      }),
    );

  noun
    .command('apply')
    .description(
      'make everything as a configuration file says, in one transaction; removes only what the file had declared',
    )
    .argument('<file>', 'YAML or JSON')
    .option('--dry-run', 'check everything, change nothing')
    .option(...JSON_OPTION)
    .action(
      verb<ApplyOptions>(async ({ batch, call }, options, name = '') => {
        const applied = await applyFile(openFile(name, env), batch, call({ dryRun: options.dryRun }));
        report(applied, options);
        if (!options.json)
          note(options.dryRun ? 'Nothing was changed: this was a dry run.' : `${applied.steps.length} applied.`);
      }),
    );

  noun
    .command('export')
    .description('print what a configuration file can declare as YAML, or write it to a file')
    .argument('[file]', 'the file to write; standard output by default')
    .addOption(
      new Option('--which <which>', 'what a file manages already, or also all else')
        .choices(['managed', 'all'])
        .default('all'),
    )
    .action(
      verb<ExportOptions>(async ({ services, config }, { which }, name) => {
        const text = await exportFile(services, { schemaUrl: config.issuer.url(PATHS.configurationSchema), which });
        if (name === undefined) printText(text);
        else writeFileSync(name, text);
      }),
    );
}

/** The settings that change: a server reads them when it starts. */
function fromNextStart(steps: readonly Step[]): string[] {
  return steps
    .filter((step) => Object.hasOwn(DECLARABLE, step.kind) && isChange(step))
    .map(({ kind, key }) => `${kind}.${key}`);
}

/** True unless the file only becomes the owner of something that is as it says. */
function isChange({ action, differences }: Step): boolean {
  return action !== 'adopt' || Object.keys(differences).length > 0;
}
