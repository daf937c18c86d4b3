import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Fields } from './forms.ts';

/** The response to a form, with everything that is needed to send it again. */
export interface FormResponse {
  readonly status: number;
  readonly location?: string | undefined;
  readonly type?: string | undefined;
  readonly body: string;
  readonly cookies: readonly string[];
}

/** For so long a form that is sent again gets the answer that it got first: a double click, an impatient reload. */
export const REPEATABLE_MS = 60_000;

export interface RepeatRules {
  /** Names of the cookies that have to be the same when a form is sent again. */
  readonly cookies: readonly string[];
  /** Whether the fields have to be the same as well: where they change settings, not where they take one step. */
  readonly sameFields: boolean;
  /** Whether it is looked up before a form is read, rather than only when that fails. */
  readonly lookFirst: boolean;
  /** Whether a GET may end what the form is a part of: a link to go on with. */
  readonly gets: boolean;
}

export interface FormRepeatsOptions {
  /** Undefined for a form that may be sent as often as one likes. */
  rulesOf(request: FastifyRequest): RepeatRules | undefined;
  /** The key proves that it is the same browser: it is kept nowhere, and answers are sealed under it. */
  find(key: string, request: FastifyRequest): Promise<FormResponse | undefined>;
  /** Keeps an answer for a minute. */
  keep(key: string, answer: FormResponse, request: FastifyRequest): Promise<void>;
}

/**
 * Forms that are sent twice: a browser follows the answer to the last one, so that has to lead where the first one led.
 * The second waits for the first while that is under way on this node; what the first was answered is kept for all nodes.
 */
export function repeatForms(app: FastifyInstance, options: FormRepeatsOptions): void {
  const { find, keep } = options;
  /** By key: settled when the first has been answered. */
  const underWay = new Map<string, Promise<void>>();

  app.addHook('preHandler', async (request, reply) => {
    const rules = options.rulesOf(request);
    const key = rules && keyOf(request, rules);
    if (!rules || key === undefined) return;
    const first = underWay.get(key);
    const release = first ? () => {} : lead(key);
    if (first) await first;
    request.form = {
      key,
      isTaken: true,
      looksBack: true,
      takenOver: false,
      release,
      async repeat(reply) {
        const answer = await find(key, request);
        if (answer) this.isTaken = false;
        return answer && sendStored(reply, answer);
      },
    };
    // By what is kept: what else would be answered is kept anew, under the same key.
    return first || rules.lookFirst ? request.form.repeat(reply) : undefined;
  });

  app.addHook('onSend', async (request, reply, payload) => {
    const { form } = request;
    if (!form) return payload;
    try {
      if (reply.statusCode < 400) {
        if (request.method === 'POST' && form.isTaken) await keep(form.key, answerOf(reply, payload), request);
        return payload;
      }
      // What is wrong may be that the same form was sent before.
      const answer = form.looksBack && reply.statusCode < 500 ? await find(form.key, request) : undefined;
      if (!answer) return payload;
      setFixedHeaders(reply, answer);
      return answer.body;
    } finally {
      form.release();
    }
  });

  app.addHook('onRoute', (route) => {
    const { handler } = route;
    route.handler = async function (this, request, reply) {
      try {
        return await handler.call(this, request, reply);
      } finally {
        if (request.form?.takenOver) request.form.release();
      }
    };
  });

  /** Until it is released, others with the same key wait. That a browser hangs up does not end the work. */
  function lead(key: string): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    underWay.set(key, promise);
    return () => {
      underWay.delete(key);
      resolve();
    };
  }
}

/** What the same form, sent again by the same browser, has in common. Undefined for what is no form of ours. */
function keyOf(request: FastifyRequest, { cookies, sameFields, gets }: RepeatRules): string | undefined {
  const path = request.url.split('?', 1)[0];
  const bound = cookies.map((name) => request.cookies[name] ?? '');
  if (request.method === 'GET')
    return gets && bound.every((value) => value !== '') ? formKey([path, ...bound]) : undefined;
  const fields = (request.body ?? {}) as Fields;
  if (request.method !== 'POST' || typeof fields.csrf !== 'string' || fields.csrf === '') return undefined;
  return formKey([path, fields.csrf, ...bound, sameFields ? JSON.stringify(fields) : '']);
}

export function formKey(parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('base64url');
}

function answerOf(reply: FastifyReply, payload: unknown): FormResponse {
  return {
    status: reply.statusCode,
    location: textOf(reply.getHeader('location')),
    type: textOf(reply.getHeader('content-type')),
    body: typeof payload === 'string' ? payload : '',
    cookies: [reply.getHeader('set-cookie') ?? []].flat().map(String),
  };
}

function textOf(value: unknown): string | undefined {
  return value === undefined ? undefined : String(value);
}

function sendStored(reply: FastifyReply, answer: FormResponse): FastifyReply {
  setFixedHeaders(reply, answer);
  return reply.send(answer.body);
}

function setFixedHeaders(reply: FastifyReply, { status, location, type, cookies }: FormResponse): void {
  reply.code(status).removeHeader('content-length');
  if (location !== undefined) reply.header('location', location);
  if (type !== undefined) reply.header('content-type', type);
  if (cookies.length > 0) reply.removeHeader('set-cookie').header('set-cookie', [...cookies]);
}

/** A form that was sent, until it is answered. */
export interface SentForm {
  readonly key: string;
  /** Whether what it asks for is done, when it is not refused: of a form that only leads to a sign-in it is not. */
  isTaken: boolean;
  /** Whether a refusal may come of the same form having been taken before. */
  looksBack: boolean;
  /** Whoever answers does so on the raw response, and keeps the answer as well. */
  takenOver: boolean;
  release(): void;
  /** Answers as the same form was answered before, if it was. */
  repeat(reply: FastifyReply): Promise<FastifyReply | undefined>;
}

declare module 'fastify' {
  interface FastifyRequest {
    form?: SentForm;
  }
}
