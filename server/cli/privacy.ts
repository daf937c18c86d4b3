import type { Command } from 'commander';
import { consentTexts } from '../operations/consent_texts.ts';
import { privacy } from '../operations/privacy.ts';
import { DRY_RUN_OPTION, JSON_OPTION, type PrintOptions } from './output.ts';
import { timeIn } from './times.ts';
import type { CommandTools } from './tools.ts';

type TextKind = 'terms' | 'privacy';

interface VersionOptions extends PrintOptions {
  kind: string;
  textVersion: string;
  dryRun?: boolean;
}

interface PublishOptions extends VersionOptions {
  language: string;
  title: string;
  url: string;
  /** False by `--no-ask-again`. */
  askAgain?: boolean;
  effectiveFrom?: string;
}

export function privacyCommand(noun: Command, { verb, printItem, printItems, printText }: CommandTools): void {
  noun
    .command('texts')
    .description('list the texts that people accept when they sign in, the newest first')
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async ({ operate }, options) => {
        const { items } = await operate(consentTexts.list, {});
        printItems(
          items,
          ['kind', 'version', 'language', 'title', 'url', 'ask_again', 'effective_from', 'withdrawn_at'],
          'There are none.',
          options,
        );
      }),
    );
  noun
    .command('publish-text')
    .description('publish a version of a text in one language; people are asked to accept it at their next sign-in')
    .requiredOption('--kind <kind>', 'terms or privacy')
    .requiredOption('--text-version <version>', 'such as 2026-11')
    .requiredOption('--language <tag>', 'such as en')
    .requiredOption('--title <title>', 'as people see it')
    .requiredOption('--url <url>', 'where the text is')
    .option('--no-ask-again', 'people who accepted an earlier version need not accept this one')
    .option('--effective-from <time>', 'a day, such as 2026-12-01, or a time as of RFC 3339; default: now')
    .option(...DRY_RUN_OPTION)
    .option(...JSON_OPTION)
    .action(
      verb<PublishOptions>(async ({ operate }, options) => {
        const { kind, textVersion: version, language, title, url, askAgain, effectiveFrom } = options;
        const body = {
          ...{ kind: kind as TextKind, version, language, title, url },
          ...(askAgain === false ? { ask_again: false } : {}),
          ...(effectiveFrom === undefined ? {} : { effective_from: timeIn('--effective-from', effectiveFrom) }),
        };
        printItem(await operate(consentTexts.publish, { body }, options), options);
      }),
    );
  noun
    .command('withdraw-text')
    .description(
      'withdraw a version of a text in all its languages: it is not asked for any more, and this is not undone',
    )
    .requiredOption('--kind <kind>', 'terms or privacy')
    .requiredOption('--text-version <version>', 'such as 2026-11')
    .option(...DRY_RUN_OPTION)
    .option(...JSON_OPTION)
    .action(
      verb<VersionOptions>(async ({ operate }, options) => {
        const params = { kind: options.kind as TextKind, version: options.textVersion };
        printItem(await operate(consentTexts.withdraw, { params }, options), options);
      }),
    );
  noun
    .command('report')
    .description('print what is stored about people, for how long and why (GDPR, Article 30)')
    .option(...JSON_OPTION)
    .action(
      verb<PrintOptions>(async ({ operate }, options) => {
        const report = await operate(privacy.report, {});
        if (options.json) return printItem(report, options);
        const {
          activities,
          retention,
          recipients,
          other_recipients: others,
          more_recipients: more,
          security_measures: measures,
          values,
        } = report;
        const title = (text: string) => printText(`\n${text}\n\n`);
        const { made_at, issuer, controller } = report;
        printItem(
          { issuer, controller: `${controller.name}, ${controller.contact}`, made_at, values: values.length },
          {},
        );
        title('Processing activities');
        printItems(activities, ['purpose', 'about', 'legal_basis', 'people', 'data'], 'There are none.', {});
        title('Retention');
        const rules = retention.map(({ settings, ...rule }) => ({
          ...rule,
          settings: settings.map(({ name, value }) => `${name}=${value}`),
        }));
        const columns = ['table', 'until', 'settings', 'removed_by', 'rows', 'oldest', 'overdue_seconds'];
        printItems(rules, columns, 'There are none.', {});
        title(
          more
            ? 'Recipients (not all: see "cardea clients list", "cardea resources list" and "cardea audit destinations list")'
            : 'Recipients',
        );
        printItems(recipients, ['client_id', 'client_name', 'scopes'], 'There are no clients.', {});
        title('Other recipients');
        printItems(others, ['kind', 'name', 'protocol', 'host', 'data'], 'There are none.', {});
        title('Security measures');
        printText(measures.map((one) => `- ${one}\n`).join(''));
      }),
    );
}
