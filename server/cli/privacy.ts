import type { Command } from 'commander';
import { privacy } from '../operations/privacy.ts';
import { JSON_OPTION, type PrintOptions } from './output.ts';
import type { CommandTools } from './tools.ts';

export function privacyCommand(noun: Command, { verb, printItem, printItems, printText }: CommandTools): void {
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
          more_recipients: more,
          security_measures: measures,
          values,
        } = report;
        const title = (text: string) => printText(`\n${text}\n\n`);
        const { made_at: at, issuer, controller } = report;
        printItem({ issuer, controller: `${controller.name}, ${controller.contact}`, at, values: values.length }, {});
        title('Processing activities');
        printItems(activities, ['purpose', 'about', 'legal_basis', 'people', 'data'], 'There are none.', {});
        title('Retention');
        const rules = retention.map(({ settings, ...rule }) => ({
          ...rule,
          settings: settings.map(({ name, value }) => `${name}=${value}`),
        }));
        const columns = ['table', 'until', 'settings', 'removed_by', 'rows', 'oldest', 'overdue_seconds'];
        printItems(rules, columns, 'There are none.', {});
        title(more ? 'Recipients (the first; "cardea clients list" shows all)' : 'Recipients');
        printItems(recipients, ['client_id', 'client_name', 'scopes'], 'There are no clients.', {});
        title('Security measures');
        printText(measures.map((one) => `- ${one}\n`).join(''));
      }),
    );
}
