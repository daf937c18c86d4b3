import { cookieJar } from '../../helpers/browser_session.ts';
import { findForm, has } from '../../helpers/html.ts';
import type { WireAnswer } from '../wire.ts';
import type { Draw } from './draw.ts';
import type { Shot } from './exchange.ts';
import type { Form } from './parameters.ts';
import type { World } from './world.ts';

export type Send = (shot: Shot) => Promise<WireAnswer>;

/** The page that a browser has arrived at, or the redirect to another site. */
export interface Stop {
  readonly answer: WireAnswer;
  /** The URL of a redirect to another site. */
  readonly left: URL | undefined;
}

const REDIRECTS_MAX = 8;

/** A browser with cookies and redirects; each of its requests is judged. */
export class Visitor {
  readonly #world: World;
  readonly #send: Send;
  readonly #draw: Draw;
  readonly #jar = cookieJar();

  /** @param isSignedIn starts with the person's session */
  constructor(draw: Draw, world: World, send: Send, isSignedIn: boolean) {
    this.#draw = draw;
    this.#world = world;
    this.#send = send;
    if (!isSignedIn) return;
    for (const cookie of world.session.browser.signedCookies('cardea_session').split('; '))
      this.#jar.setCookieSync(`${cookie}; Path=/`, world.app.issuer);
  }

  get(target: string): Promise<Stop> {
    return this.#go({ method: 'GET', target, headers: this.#headers(target), body: '' });
  }

  post(target: string, fields: Form): Promise<Stop> {
    const headers = { ...this.#headers(target), 'content-type': 'application/x-www-form-urlencoded' };
    return this.#go({ method: 'POST', target, headers, body: `${new URLSearchParams(fields)}` });
  }

  /**
   * Submits the form that has the button, with the given values.
   * @returns undefined when the page has none
   */
  async press({ answer }: Stop, button: string, typed: Form): Promise<Stop | undefined> {
    const form = findForm(answer, button);
    return form && this.post(form.action, { ...form.fields, ...typed });
  }

  /** Signs in when the page asks for it, since other requests may have ended the session. */
  async signIn(stop: Stop): Promise<Stop> {
    if (!has(stop.answer, '#password')) return stop;
    const { email, password } = this.#world.person;
    return (await this.press(stop, 'submit', { identifier: email, password, action: 'signin' })) ?? stop;
  }

  async #go(shot: Shot): Promise<Stop> {
    const { issuer } = this.#world.app;
    let answer = await this.#send(shot);
    let at = shot.target;
    for (let hops = 0; hops < REDIRECTS_MAX; hops += 1) {
      for (const line of answer.headers.getSetCookie()) this.#jar.setCookieSync(line, this.#urlOf(at));
      const location = answer.headers.get('location');
      if (location === null) break;
      const url = new URL(location, issuer);
      if (url.origin !== issuer) return { answer, left: url };
      at = url.pathname + url.search;
      answer = await this.#send({ method: 'GET', target: at, headers: this.#headers(at), body: '' });
    }
    return { answer, left: undefined };
  }

  #headers(target: string): Form {
    const cookie = this.#jar.getCookieStringSync(this.#urlOf(target));
    return { accept: 'text/html', ...(cookie === '' ? {} : { cookie }), ...fromSomewhere(this.#draw) };
  }

  #urlOf(target: string): string {
    return new URL(target, this.#world.app.issuer).href;
  }
}

/** The limits of one address are low, so each request comes from one of many addresses. */
export function fromSomewhere(draw: Draw): Form {
  return { 'x-forwarded-for': `10.${draw.int(200)}.${draw.int(200)}.${draw.int(200)}` };
}
