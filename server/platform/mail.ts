import { randomBytes } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { createTransport, type SendMailOptions } from 'nodemailer';
import type { Clock } from './clock.ts';
import { AppError, unavailable } from './errors.ts';
import type { Mailbox, SmtpServer } from './smtp_url.ts';

/** A mail; both forms have the same content. */
export interface Message {
  /** The kind of mail in a word: part of a file name. */
  readonly kind: string;
  readonly to: Mailbox;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  /** BCP 47 */
  readonly locale: string;
  /**
   * The same for all attempts to send a mail, so that the recipient's system can recognise a mail that was sent twice.
   */
  readonly id: string;
  /** The request that caused it, for the header `X-Request-Id`. */
  readonly requestId?: string | undefined;
}

export interface Mailer {
  /**
   * @returns the response of the server
   * @throws AppError 502 `mail_refused` when the server will never accept it, 503 when it may accept it later
   */
  send(message: Message): Promise<string>;
  close(): void;
}

export interface MailerOptions {
  readonly from: Mailbox;
  /** The part of a Message-ID after the @. */
  readonly domain: string;
  readonly now: Clock;
}

const CONNECT_TIMEOUT_MS = 10_000;
const SILENCE_TIMEOUT_MS = 30_000;
const CONNECTIONS = 3;

/**
 * Sends by SMTP (RFC 5321).
 * @param server a function is called for each mail, so that a new password needs no restart
 */
export function createSmtpMailer(
  server: SmtpServer | (() => SmtpServer),
  options: MailerOptions & { timeouts?: SmtpTimeouts },
): Mailer {
  const serverNow = typeof server === 'function' ? server : () => server;
  let open = openTransport(serverNow(), options.timeouts);

  function current(): OpenTransport {
    const wanted = serverNow();
    if (isDeepStrictEqual(wanted, open.server)) return open;
    open.retire();
    open = openTransport(wanted, options.timeouts);
    return open;
  }

  return {
    async send(message) {
      try {
        return await current().send(rendered(message, options));
      } catch (error) {
        throw verdict(error);
      }
    },
    close: () => open.close(),
  };
}

interface SmtpTimeouts {
  readonly connectMs: number;
  readonly silenceMs: number;
}

type OpenTransport = ReturnType<typeof openTransport>;

/** Connections to one server with one password. */
function openTransport(server: SmtpServer, timeouts: SmtpTimeouts | undefined) {
  const transport = createTransport(smtpOptions(server, timeouts));
  // A pooled connection that breaks while idle is not an error: the next mail opens another.
  transport.on('error', () => {});
  let sending = 0;
  let retired = false;
  return {
    server,
    async send(mail: SendMailOptions): Promise<string> {
      sending += 1;
      try {
        return (await transport.sendMail(mail)).response;
      } finally {
        sending -= 1;
        if (retired && sending === 0) transport.close();
      }
    },
    /** Closes it when the mails under way are sent. */
    retire() {
      retired = true;
      if (sending === 0) transport.close();
    },
    close: () => transport.close(),
  };
}

/** How a server is spoken to, also where it is only looked at (`cardea doctor`). */
export function smtpOptions(
  server: SmtpServer,
  { connectMs, silenceMs }: SmtpTimeouts = { connectMs: CONNECT_TIMEOUT_MS, silenceMs: SILENCE_TIMEOUT_MS },
) {
  return {
    host: server.host,
    port: server.port,
    secure: server.secure,
    requireTLS: !server.secure && server.tls === 'required',
    ignoreTLS: !server.secure && server.tls === 'none',
    ...(server.auth ? { auth: { ...server.auth } } : {}),
    tls: { minVersion: 'TLSv1.2' },
    pool: true,
    maxConnections: CONNECTIONS,
    connectionTimeout: connectMs,
    greetingTimeout: connectMs,
    dnsTimeout: connectMs,
    socketTimeout: silenceMs,
    // A mail must not include files or URLs, even if its content tries to.
    disableFileAccess: true,
    disableUrlAccess: true,
  } as const;
}

/** Writes mails to files in development, which the page /outbox shows. */
export function createOutboxMailer(folder: string, options: MailerOptions): Mailer {
  const transport = createTransport({ streamTransport: true, buffer: true, newline: 'windows' });
  return {
    async send(message) {
      const { message: source } = await transport.sendMail(rendered(message, options));
      const time = new Date(options.now()).toISOString().replaceAll(/[:.]/g, '-');
      const name = `${time}-${message.kind}-${randomBytes(3).toString('hex')}.eml`;
      await mkdir(folder, { recursive: true, mode: 0o700 });
      // Renamed when it is complete: a reader of the folder never sees half a mail.
      await writeFile(join(folder, `.${name}`), source, { mode: 0o600, flag: 'wx' });
      await rename(join(folder, `.${name}`), join(folder, name));
      return `written to ${join(folder, name)}`;
    },
    close: () => transport.close(),
  };
}

function rendered(message: Message, { from, domain, now }: MailerOptions): SendMailOptions {
  const to = message.to.address;
  return {
    from: headerOf(from),
    to: headerOf(message.to),
    // Passed apart from the headers, so that nothing in a name can become another recipient.
    envelope: { from: from.address, to: [to] },
    subject: oneLine(message.subject),
    text: message.text,
    html: message.html,
    // Readable, with lines of allowed length (RFC 5322 §2.1.1).
    textEncoding: 'quoted-printable',
    date: new Date(now()),
    messageId: `<${message.id}@${domain}>`,
    headers: {
      // RFC 3834 §5: no automatic replies; Exchange uses the second header
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      'Content-Language': message.locale,
      ...(message.requestId === undefined ? {} : { 'X-Request-Id': oneLine(message.requestId) }),
    },
  };
}

function headerOf({ name, address }: Mailbox): { name: string; address: string } {
  return { name: oneLine(name ?? ''), address };
}

/** A header is one line: characters that would begin a new one, or hide something, become a space. */
export function oneLine(text: string): string {
  return text
    .replaceAll(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
    .slice(0, 200);
}

interface SmtpError {
  readonly responseCode?: unknown;
  readonly command?: unknown;
}

/**
 * 5yz is permanent (RFC 5321 §4.2.1) when it is about the recipient or the mail. When it is about this sender, the
 * operator has to fix it, and the mail waits.
 */
function verdict(error: unknown): AppError {
  const { responseCode, command } = error as SmtpError;
  const isForGood = typeof responseCode === 'number' && responseCode >= 500;
  const isAboutMail = command === 'RCPT TO' || command === 'DATA';
  if (isForGood && isAboutMail) {
    return new AppError('mail_refused', `the mail server refused the mail for good (${responseCode})`, {
      cause: error,
    });
  }
  return unavailable('the mail server', error);
}
