/** A mail server that mails are sent to. */
export interface SmtpServer {
  readonly host: string;
  readonly port: number;
  /** TLS from the first byte (smtps, RFC 8314 §3); otherwise STARTTLS as `tls` says. */
  readonly secure: boolean;
  /** `required`: nothing, and no password, is sent before a certificate has been verified. */
  readonly tls: 'required' | 'none';
  readonly auth: { readonly user: string; readonly pass: string } | undefined;
}

const PORTS: Readonly<Record<string, number>> = { 'smtp:': 587, 'smtps:': 465 };
const TLS = ['required', 'none'] as const;

/**
 * `smtp://user:password@host:587` or `smtps://…`. STARTTLS is required unless the server is on this machine, or the URL
 * has `?tls=none`.
 * @throws Error with a message that follows the name of the setting
 */
export function smtpUrl(value: string): SmtpServer {
  const url = URL.parse(value);
  const port = PORTS[url?.protocol ?? ''];
  if (!url || port === undefined || url.hostname === '') {
    throw new Error('must be a URL that starts with smtp:// or smtps://');
  }
  if ((url.pathname !== '' && url.pathname !== '/') || url.hash !== '') {
    throw new Error('must have no path: smtp://user:password@host:587');
  }
  const parameters = [...url.searchParams];
  const tls = url.searchParams.get('tls') ?? (isLoopback(url.hostname) ? 'none' : 'required');
  if (parameters.some(([name]) => name !== 'tls') || !isTls(tls))
    throw new Error('must have no parameter but ?tls=required or ?tls=none');
  const user = unescaped(url.username);
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? port : Number(url.port),
    secure: url.protocol === 'smtps:',
    tls,
    auth: user === '' ? undefined : { user, pass: unescaped(url.password) },
  };
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Error('must have % in user and password written as %25');
  }
}

function isTls(value: string): value is SmtpServer['tls'] {
  return (TLS as readonly string[]).includes(value);
}

export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** A sender or recipient. */
export interface Mailbox {
  readonly name?: string;
  readonly address: string;
}

/**
 * `Cardea <no-reply@id.example.com>`, or the address alone.
 * @throws Error with a message that follows the name of the setting
 */
export function mailbox(value: string): Mailbox {
  const [, name = '', bracketed, bare] =
    /^(?:([^<>@"\p{C}]*)<([^<>@\s\p{C}]+@[^<>@\s\p{C}]+)>|([^<>@\s\p{C}]+@[^<>@\s\p{C}]+))$/u.exec(value.trim()) ?? [];
  const address = bracketed ?? bare;
  if (address === undefined) throw new Error('must be an address such as no-reply@example.com or Name <address>');
  return name.trim() === '' ? { address } : { name: name.trim(), address };
}
