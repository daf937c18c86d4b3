import { SMTPServer, type SMTPServerAddress } from 'smtp-server';
import { readMail } from '../../server/platform/mail_text.ts';
import { defer, type Scope } from './scope.ts';
import { remember } from './secrets.ts';
import { freePort, until } from './waiting.ts';

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly text: string;
  readonly html: string;
  /** The mail as it was transmitted. */
  readonly source: string;
  /** The first link in the text, and its token. */
  readonly link: string;
  readonly token: string;
}

/** How the server responds to the next mails. */
export type Behaviour =
  | { readonly kind: 'accept' }
  /** Refuses the recipient, or the content, with this code. */
  | { readonly kind: 'refuse'; readonly code: number; readonly at: 'rcpt' | 'data' }
  /** Receives the content, and does not respond before `release`. */
  | { readonly kind: 'hang' };

export interface Mailbox {
  /** For CARDEA_SMTP_URL. */
  readonly url: string;
  /** Received mails, in order. */
  readonly mails: ReceivedMail[];
  behave(behaviour: Behaviour): void;
  /** Recipients so far, including those of refused mails. */
  readonly tries: string[];
  /** Responds to all mails that hang. */
  release(): void;
  /** The number of mails that hang. */
  hanging(): number;
  /** The next mail to an address that this function has not returned yet. */
  next(to: string, withinMs?: number): Promise<ReceivedMail>;
  close(): Promise<void>;
}

/** A real mail server on its own port. */
export async function mailbox(scope: Scope, options: { port?: number } = {}): Promise<Mailbox> {
  const port = options.port ?? (await freePort());
  const mails: ReceivedMail[] = [];
  const tries: string[] = [];
  const read = new Set<ReceivedMail>();
  const held: (() => void)[] = [];
  let behaviour: Behaviour = { kind: 'accept' };

  const refusal = (code: number) => Object.assign(new Error('refused by the test'), { responseCode: code });
  const server = new SMTPServer({
    authOptional: true,
    disableReverseLookup: true,
    disabledCommands: ['STARTTLS'],
    logger: false,
    onRcptTo({ address }, _session, done) {
      tries.push(address);
      if (behaviour.kind === 'refuse' && behaviour.at === 'rcpt') return done(refusal(behaviour.code));
      return done();
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const now = behaviour;
        if (now.kind === 'refuse' && now.at === 'data') return done(refusal(now.code));
        const { mailFrom, rcptTo } = session.envelope;
        const take = () =>
          received(Buffer.concat(chunks).toString(), mailFrom, rcptTo).then((mail) => {
            mails.push(mail);
            done();
          }, done);
        if (now.kind !== 'hang') return void take();
        held.push(take);
      });
    },
  });
  server.on('error', () => {}); // a client disconnected in the middle
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
  let closed: Promise<void> | undefined;
  const close = () => {
    closed ??= new Promise((done) => server.close(() => done()));
    return closed;
  };
  defer(scope, close);

  return {
    url: `smtp://127.0.0.1:${port}`,
    mails,
    tries,
    behave(next) {
      behaviour = next;
    },
    release() {
      behaviour = { kind: 'accept' };
      for (const take of held.splice(0)) take();
    },
    hanging: () => held.length,
    async next(to, withinMs = 10_000) {
      const mail = await until(
        `a mail to ${to}; there are ${mails.map((one) => `${one.to}: ${one.subject}`).join(', ')}`,
        () => mails.find((one) => !read.has(one) && one.to.includes(to)),
        { withinMs },
      );
      read.add(mail);
      return mail;
    },
    close,
  };
}

async function received(
  source: string,
  from: SMTPServerAddress | false,
  to: SMTPServerAddress[],
): Promise<ReceivedMail> {
  const { headers, text, html } = await readMail(source);
  const link = /https?:\/\/\S+\?token=\S+/.exec(text)?.[0] ?? '';
  const token = link === '' ? '' : (new URL(link).searchParams.get('token') ?? '');
  if (token !== '') remember('other', token);
  return {
    from: from ? from.address : '',
    to: to.map(({ address }) => address),
    subject: headers.get('subject') ?? '',
    headers,
    text,
    html,
    source,
    link,
    token,
  };
}
