import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { Command } from 'commander';
import { checkEmail } from '../accounts/identifiers.ts';
import { type Config, loadConfig } from '../config.ts';
import { mails } from '../operations/mails.ts';
import { systemClock } from '../platform/clock.ts';
import { AppError } from '../platform/errors.ts';
import { createOutboxMailer, createSmtpMailer, type Mailer } from '../platform/mail.ts';
import { createViews } from '../views/views.ts';
import { itemVerb, listVerb } from './item_verbs.ts';
import { JSON_OPTION, type PrintOptions } from './output.ts';
import type { CommandTools } from './tools.ts';

export function mailCommand(noun: Command, tools: CommandTools): void {
  const { env, printItem } = tools;
  listVerb(noun, tools, {
    about: 'list mails that wait to be sent, those that are tried next first',
    operation: mails.list,
    columns: ['id', 'kind', 'user_id', 'attempts', 'next_attempt_at', 'expires_at'],
    empty: 'No mail waits.',
  });
  const one = { id: 'id' };
  itemVerb(noun, tools, { ...one, name: 'show', about: 'show a mail that waits', operation: mails.show });
  itemVerb(noun, tools, { ...one, name: 'retry', about: 'send a mail now', operation: mails.retry });
  itemVerb(noun, tools, { ...one, name: 'drop', about: 'drop a mail: it is not sent', operation: mails.drop });

  noun
    .command('test')
    .description('send a test mail, and print the response of the mail server')
    .requiredOption('--to <address>', 'the recipient')
    .option(...JSON_OPTION)
    .action(async (options: PrintOptions & { to: string }) => {
      const config = loadConfig(env);
      const to = checkEmail(options.to);
      printItem({ to, from: config.mailFrom.address, answer: await sendTestMail(config, to) }, options);
    });
}

/** @returns the response of the mail server. @throws AppError as `Mailer.send` does, `mail_not_configured`, `invalid_input` */
export async function sendTestMail(config: Config, address: string): Promise<string> {
  const to = checkEmail(address);
  const mailer = mailerOf(config);
  try {
    const data = { email: to, host: config.issuer.host, at: systemClock(), details: {} };
    const mail = createViews().mail('test', data, 'en');
    const message = { ...mail, kind: 'test', to: { address: to }, locale: 'en', id: randomUUID() };
    return await mailer.send(message);
  } finally {
    mailer.close();
  }
}

function mailerOf(config: Config): Mailer {
  assertMailed(config);
  const sender = { from: config.mailFrom, domain: config.issuer.hostname, now: systemClock };
  return config.smtp
    ? createSmtpMailer(config.smtp, sender)
    : createOutboxMailer(join(config.dataDir, 'outbox'), sender);
}

function assertMailed({ production, smtp }: Config): void {
  if (production && !smtp) {
    throw new AppError('mail_not_configured', 'no mail is sent: CARDEA_SMTP_URL is not set');
  }
}
