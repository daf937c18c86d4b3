import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { AppError } from '../platform/errors.ts';
import { sendPage } from '../platform/forms.ts';
import type { Issuer } from '../platform/issuer.ts';
import { type ReadableMail, readMail } from '../platform/mail_text.ts';
import { PATHS } from '../views/paths.ts';
import type { View, Views } from '../views/views.ts';

export interface OutboxOptions {
  readonly views: Views;
  readonly issuer: Issuer;
  /** The folder with the mails. */
  readonly folder: string;
}

export const outboxView: View<{
  readonly mails: readonly {
    readonly url: string;
    readonly to: string;
    readonly subject: string;
    readonly date: string;
  }[];
}> = { template: 'outbox', layout: 'page', title: 'outbox.title' };

interface OutboxMailData {
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly date: string;
  /** The text, cut where a link of this server begins or ends. */
  readonly parts: readonly { readonly text: string; readonly isLink: boolean }[];
}

export const outboxMailView: View<OutboxMailData> = {
  template: 'outbox-mail',
  layout: 'page',
  title: ({ subject }) => subject,
};

const NAME = /^[0-9A-Za-z_-]+\.eml$/;
const SHOWN = 100;

/**
 * Development only: the mails that would have been sent, as text. Their content is printed as data; only links to this
 * server can be clicked.
 */
export async function outboxRoutes(app: FastifyInstance, { views, issuer, folder }: OutboxOptions): Promise<void> {
  /** The latest first. */
  async function names(): Promise<string[]> {
    try {
      return (await readdir(folder))
        .filter((name) => NAME.test(name))
        .sort()
        .reverse();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  const read = async (name: string): Promise<ReadableMail> => readMail(await readFile(join(folder, name), 'utf8'));
  const headerOf = ({ headers }: ReadableMail, name: string) => headers.get(name) ?? '';

  app.get(PATHS.outbox, async (request, reply) => {
    const mails = await Promise.all(
      (await names()).slice(0, SHOWN).map(async (name) => {
        const mail = await read(name);
        const [to, subject, date] = ['to', 'subject', 'date'].map((header) => headerOf(mail, header));
        return { url: `${PATHS.outbox}/${name}`, to: to ?? '', subject: subject ?? '', date: date ?? '' };
      }),
    );
    const locale = views.negotiate(undefined, request.headers['accept-language']);
    return sendPage(reply, 200, views.render(outboxView, { mails }, locale));
  });

  app.get<{ Params: { name: string } }>(`${PATHS.outbox}/:name`, async (request, reply) => {
    const { name } = request.params;
    if (!(await names()).includes(name)) throw new AppError('not_found', 'there is no such mail');
    const mail = await read(name);
    const data = {
      from: headerOf(mail, 'from'),
      to: headerOf(mail, 'to'),
      subject: headerOf(mail, 'subject'),
      date: headerOf(mail, 'date'),
      parts: partsOf(mail.text, issuer),
    };
    const locale = views.negotiate(undefined, request.headers['accept-language']);
    return sendPage(reply, 200, views.render(outboxMailView, data, locale));
  });
}

function partsOf(text: string, issuer: Issuer): { text: string; isLink: boolean }[] {
  const isLink = (part: string) => part === issuer.identifier || part.startsWith(issuer.url('/'));
  return text.split(/(\bhttps?:\/\/\S+)/).map((part) => ({ text: part, isLink: isLink(part) }));
}
