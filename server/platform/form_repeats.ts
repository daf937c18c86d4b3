import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Fields } from './forms.ts';

/** The response to a form, complete enough to send it again. */
export interface FormResponse {
  readonly status: number;
  readonly location?: string | undefined;
  readonly type?: string | undefined;
  readonly body: string;
  readonly cookies: readonly string[];
}

/** How long a form that is submitted again gets the first response: after a double click or an impatient reload. */
export const REPEATABLE_MS = 60_000;

export interface RepeatRules {
  /** Names of the cookies that must be the same when a form is submitted again. */
  readonly cookies: readonly string[];
  /**
   * The fields must be the same as well: true for forms that change settings, false for forms of a single step.
   */
  readonly sameFields: boolean;
  /** The stored response is looked up before the form is processed, instead of only after a failure. */
  readonly repeatsFirst: boolean;
  /** A GET, such as a link to continue, can also complete the process that the form belongs to. */
  readonly includesGet: boolean;
}

export interface FormRepeatsOptions {
  /** Undefined for a form that may be submitted any number of times. */
  rulesOf(request: FastifyRequest): RepeatRules | undefined;
  /** The key proves that it is the same browser: it is not stored, and responses are sealed under it. */
  find(key: string, request: FastifyRequest): Promise<FormResponse | undefined>;
  /** Stores a response for a minute. */
  store(key: string, response: FormResponse, request: FastifyRequest): Promise<void>;
}

/**
 * Forms that are submitted twice: a browser follows the response to the last submission, so it must lead where the
 * first one led. On this node the second submission waits while the first one is processed; the response to the first
 * is stored for all nodes.
 */
export function repeatForms(app: FastifyInstance, options: FormRepeatsOptions): void {
  const { find, store } = options;
  /** By key: settles when the first submission has its response. */
  const running = new Map<string, Promise<void>>();

  app.addHook('preHandler', async (request, reply) => {
    const rules = options.rulesOf(request);
    const key = rules && keyOf(request, rules);
    if (!rules || key === undefined) return;
    const first = running.get(key);
    const release = first ? () => {} : begin(key);
    if (first) await first;
    request.form = {
      key,
      storesResponse: true,
      repeatsOnFailure: true,
      respondsRaw: false,
      release,
      async repeat(reply) {
        const response = await find(key, request);
        if (response) this.storesResponse = false;
        return response && sendStored(reply, response);
      },
    };
    // Replay the stored response: another one would be stored under the same key.
    return first || rules.repeatsFirst ? request.form.repeat(reply) : undefined;
  });

  app.addHook('onSend', async (request, reply, payload) => {
    const { form } = request;
    if (!form) return payload;
    try {
      if (reply.statusCode < 400) {
        if (request.method === 'POST' && form.storesResponse)
          await store(form.key, responseOf(reply, payload), request);
        return payload;
      }
      // The failure may be because the same form was submitted before.
      const response = form.repeatsOnFailure && reply.statusCode < 500 ? await find(form.key, request) : undefined;
      if (!response) return payload;
      setStoredHeaders(reply, response);
      return response.body;
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
        if (request.form?.respondsRaw) request.form.release();
      }
    };
  });

  /**
   * Until it is released, other submissions with the same key wait. The work continues when the browser disconnects.
   */
  function begin(key: string): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    running.set(key, promise);
    return () => {
      running.delete(key);
      resolve();
    };
  }
}

/** Identifies the same form from the same browser. Undefined when it is not a form of this server. */
function keyOf(request: FastifyRequest, { cookies, sameFields, includesGet: gets }: RepeatRules): string | undefined {
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

function responseOf(reply: FastifyReply, payload: unknown): FormResponse {
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

function sendStored(reply: FastifyReply, response: FormResponse): FastifyReply {
  setStoredHeaders(reply, response);
  return reply.send(response.body);
}

function setStoredHeaders(reply: FastifyReply, { status, location, type, cookies }: FormResponse): void {
  reply.code(status).removeHeader('content-length');
  if (location !== undefined) reply.header('location', location);
  if (type !== undefined) reply.header('content-type', type);
  if (cookies.length > 0) reply.removeHeader('set-cookie').header('set-cookie', [...cookies]);
}

/** A submitted form, until its response. */
export interface SentForm {
  readonly key: string;
  /** The response is stored: false for a form that only led to a sign-in, without making the requested change. */
  storesResponse: boolean;
  /** A failure may mean that the same form was submitted before, so the stored response is looked up. */
  repeatsOnFailure: boolean;
  /** The handler responds on the raw response, and stores the response as well. */
  respondsRaw: boolean;
  release(): void;
  /** Sends the stored response of the same form, if there is one. */
  repeat(reply: FastifyReply): Promise<FastifyReply | undefined>;
}

declare module 'fastify' {
  interface FastifyRequest {
    form?: SentForm;
  }
}
