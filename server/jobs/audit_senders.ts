import { cloudEvent, jsonLine, type Message, webhookBody } from '../audit/delivered.ts';
import type { Claimed } from '../audit/delivery_store.ts';
import type { DestinationKind } from '../audit/destination_settings.ts';
import { appendLines } from '../audit/file_sink.ts';
import { syslogFrame } from '../audit/syslog.ts';
import { type Failure, failureOf, signatureHeaders } from '../audit/webhooks.ts';
import type { Clock } from '../platform/clock.ts';
import { type Outbound, OutboundError } from '../platform/outbound.ts';
import type { OutboundTls } from '../platform/outbound_tls.ts';
import { NO_TRACING, OUTCOME, type Tracing } from '../platform/tracing.ts';

/** Sends messages to a destination of one kind. */
export interface Sender {
  /** Messages in one attempt at most: all of them are taken, or they are sent again. */
  readonly most: number;
  /** @returns undefined when the receiver has taken them. Never rejects */
  send(
    to: Pick<Claimed, 'id' | 'clientId' | 'settings' | 'secrets'>,
    messages: readonly Message[],
  ): Promise<Failure | undefined>;
}

export type Senders = Readonly<Partial<Record<DestinationKind, Sender>>>;

const MOST = 100;
const SYSLOG_PORT = 6_514;

/** @param parts `fileFolder`: the folder for files; undefined: this node writes none */
export function createSenders(parts: {
  readonly outbound: Outbound;
  readonly outboundTls: OutboundTls;
  readonly issuer: { readonly identifier: string; readonly hostname: string };
  readonly fileFolder: string | undefined;
  readonly tracing?: Pick<Tracing, 'asks' | 'traceparent'> | undefined;
  readonly now: Clock;
}): Senders {
  const { outbound, outboundTls, issuer, fileFolder, tracing = NO_TRACING, now } = parts;

  const signed = (type: string, bodyOf: (message: Message) => string): Sender => ({
    most: 1,
    async send({ id, clientId, settings: { url }, secrets }, [message]) {
      if (!message) return undefined;
      if (url === undefined || !secrets) return { reason: 'secret_unreadable', untried: true };
      const body = bodyOf(message);
      const signature = signatureHeaders(secrets, { id: message.id, body, now: now() });
      // W3C Trace Context, for the operator's own receivers alone: nothing of a trace is told to apps.
      const traceparent = clientId === undefined ? tracing.traceparent() : undefined;
      const headers = { 'content-type': type, ...signature, ...(traceparent === undefined ? {} : { traceparent }) };
      const turn = { chosenBy: 'delivery', share: `destination:${id}` } as const;
      return attempt(async () => failureOf(await outbound.fetch(url, { method: 'POST', headers, body, turn }), now()));
    },
  });

  const file: Sender = {
    most: MOST,
    send: ({ settings: { file: name = '' } }, messages) =>
      attempt(async () => {
        await appendLines(fileFolder ?? '', name, messages.map(jsonLine));
        return undefined;
      }),
  };

  const senders: Senders = {
    webhook: signed('application/json', webhookBody),
    cloudevents: signed('application/cloudevents+json; charset=utf-8', (one) => cloudEvent(one, issuer.identifier)),
    syslog: {
      most: MOST,
      send({ settings: { host = '', port = SYSLOG_PORT, ca, enterprise_number: number } }, messages) {
        const frames = messages.map((one) => syslogFrame(one, issuer.hostname, number));
        return attempt(async () => {
          await outboundTls.send({ host, port, ca }, Buffer.concat(frames));
          return undefined;
        });
      },
    },
    ...(fileFolder === undefined ? {} : { file }),
  };
  return Object.fromEntries(Object.entries(senders).map(([kind, sender]) => [kind, traced(kind, sender, tracing)]));
}

/** A span for each attempt, with how many entries it has and the word for its failure. */
function traced(kind: string, { most, send }: Sender, tracing: Pick<Tracing, 'asks'>): Sender {
  return {
    most,
    send: (to, messages) =>
      tracing.asks(`audit to ${kind}`, { 'cardea.audit.entries': messages.length }, async (note) => {
        const failure = await send(to, messages);
        note(failure ? { [OUTCOME]: 'failed', 'error.type': failure.reason } : { [OUTCOME]: 'done' });
        return failure;
      }),
  };
}

const isCode = (code: unknown): code is `E${string}` => typeof code === 'string' && /^E[A-Z0-9_]{1,31}$/.test(code);

/** The reason is a word of this program: what the receiver has sent is neither stored nor logged. */
async function attempt(send: () => Promise<Failure | undefined>): Promise<Failure | undefined> {
  try {
    return await send();
  } catch (error) {
    if (error instanceof OutboundError) return { reason: error.reason, untried: error.isUntried };
    const { code } = error as NodeJS.ErrnoException;
    return { reason: isCode(code) ? code : 'error' };
  }
}
