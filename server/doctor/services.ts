import { createTransport } from 'nodemailer';
import { smtpOptions } from '../platform/mail.ts';
import { reasonOf } from '../platform/outages.ts';
import { redisPlace } from '../platform/redis_url.ts';
import { isLoopback } from '../platform/smtp_url.ts';
import { Broken, type Check, type Finding, ok, problem, skipped, warning } from './check.ts';

/* The mail server and Redis. */

const MAIL_TIMEOUTS = { connectMs: 8_000, silenceMs: 8_000 };

const CERTIFICATE = [
  'its certificate is not accepted',
  'Renew or replace the certificate of the mail server, or name its authority in NODE_EXTRA_CA_CERTS.',
] as const;
const FIREWALL = [
  'it does not answer',
  'Correct host and port in CARDEA_SMTP_URL, or open the firewall: many networks block port 25.',
] as const;

/** By the code of the connection, or else of nodemailer: the problem, and the remedy. */
const MAIL_PROBLEMS: Readonly<Record<string, readonly [string, string]>> = {
  ECONNREFUSED: ['nothing listens there', 'Start the mail server, or correct host and port in CARDEA_SMTP_URL.'],
  ECONNRESET: [
    'it closes the connection',
    'See the log of the mail server, and whether it takes connections from here.',
  ],
  EHOSTUNREACH: ['there is no route to it', 'See the routes and the firewall.'],
  ENETUNREACH: ['there is no route to it', 'See the routes and the firewall.'],
  ERR_SSL_WRONG_VERSION_NUMBER: [
    'it does not begin with TLS',
    'Name it as smtp:// (STARTTLS, port 587) in CARDEA_SMTP_URL: smtps:// is for port 465.',
  ],
  CERT_HAS_EXPIRED: CERTIFICATE,
  DEPTH_ZERO_SELF_SIGNED_CERT: CERTIFICATE,
  ERR_TLS_CERT_ALTNAME_INVALID: CERTIFICATE,
  SELF_SIGNED_CERT_IN_CHAIN: CERTIFICATE,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: CERTIFICATE,
  EAUTH: ['it refuses the user or the password', 'Correct user and password in CARDEA_SMTP_URL.'],
  ETLS: [
    'it offers no TLS, or its certificate is not accepted',
    'Turn STARTTLS on there, or name the authority of its certificate in NODE_EXTRA_CA_CERTS.',
  ],
  EDNS: ['its name has no address', 'Correct the host in CARDEA_SMTP_URL, or the name server.'],
  ECONNECTION: FIREWALL,
  ESOCKET: FIREWALL,
  ETIMEDOUT: FIREWALL,
};

/** A server that knows no AUTH, or offers it only after STARTTLS (RFC 4954 §4, RFC 5321 §4.2.4). */
const NO_SIGN_IN: readonly [string, string] = [
  'it offers no sign-in',
  'Take user and password out of CARDEA_SMTP_URL if it needs none, or take out ?tls=none: many servers let one sign in over TLS alone.',
];

interface MailError {
  readonly code?: string;
  readonly originalCode?: string;
  readonly responseCode?: number;
}

function mailProblem(where: string, error: unknown): Finding {
  const { code = '', originalCode, responseCode } = error as MailError;
  const knowsNoAuth = code === 'EAUTH' && responseCode !== undefined && responseCode >= 500 && responseCode <= 504;
  const [what, remedy] = (knowsNoAuth ? NO_SIGN_IN : (MAIL_PROBLEMS[originalCode ?? ''] ?? MAIL_PROBLEMS[code])) ?? [
    'it fails',
    'See the log of the mail server.',
  ];
  const reason = originalCode ?? (code || reasonOf(error));
  return problem(
    `${where} cannot be used: ${what} (${responseCode === undefined ? reason : `${reason} ${responseCode}`})`,
    remedy,
  );
}

/** Connects, greets, turns TLS on and signs in; sends only when asked to. */
export const checkMail: Check = async ({ config: { smtp, production }, sendMailTo, sendTestMail }) => {
  if (!smtp)
    return production
      ? warning('no mail is sent', 'Set CARDEA_SMTP_URL_FILE: forgotten passwords and warnings are mailed.')
      : skipped('mails become files');
  // Otherwise the user and the password are not tried where the server does not offer it.
  const forceAuth = smtp.auth !== undefined;
  const transport = createTransport({ ...smtpOptions(smtp, MAIL_TIMEOUTS), pool: false, forceAuth });
  const where = `${smtp.host}:${smtp.port}`;
  try {
    await transport.verify();
  } catch (error) {
    return mailProblem(where, error);
  } finally {
    transport.close();
  }
  const findings: Finding[] = [ok(`${where} lets Cardea ${smtp.auth ? 'sign in' : 'connect'}`)];
  if (!smtp.secure && smtp.tls === 'none' && !isLoopback(smtp.host))
    findings.push(
      warning(`mails and the password go to ${where} unencrypted`, 'Take ?tls=none out of CARDEA_SMTP_URL.'),
    );
  if (sendMailTo !== undefined)
    findings.push(ok(`a test mail was handed over: ${(await sendTestMail(sendMailTo)).slice(0, 100)}`));
  return findings;
};

/** Lua with PEXPIRE in one script, and access control lists. */
const REDIS_LEAST = 6;

export const checkRedis: Check = async ({ config: { redisUrl }, signal }) => {
  if (redisUrl === undefined) return skipped('no Redis: each server counts for itself');
  const { askRedis } = await import('../platform/redis.ts');
  const { hosts, secure, credentials } = redisPlace(redisUrl);
  const told = await askRedis(redisUrl, signal).catch((error) => {
    const message = String((error as Error).message);
    const denied = /^(WRONGPASS|NOAUTH|NOPERM)/.exec(message)?.[1];
    if (denied !== undefined)
      throw new Broken(`Redis at ${hosts} refuses the user or password (${denied})`, 'Correct CARDEA_REDIS_URL.');
    throw new Broken(
      `Redis at ${hosts} cannot be used (${reasonOf(error)}): each server counts for itself`,
      'Start it, or correct CARDEA_REDIS_URL.',
    );
  });
  const findings: Finding[] = [];
  const major = Number(told.redis_version?.split('.')[0]);
  if (major < REDIS_LEAST)
    findings.push(warning(`Redis ${told.redis_version}`, `Use version ${REDIS_LEAST} or newer.`));
  const policy = told.maxmemory_policy;
  if (policy !== undefined && policy !== 'noeviction' && told.maxmemory !== '0')
    findings.push(
      warning(
        `maxmemory-policy is ${policy}: a counter that is evicted lets its limit begin again`,
        'Set it to noeviction; each key expires by itself.',
      ),
    );
  const isHere = hosts.split(',').every((host) => isLoopback(host.replace(/:\d+$/, '')));
  if (!isHere && !secure)
    findings.push(
      warning(`the connection to ${hosts} is not encrypted`, 'Use rediss://, unless the network is your own.'),
    );
  if (!isHere && !credentials)
    findings.push(warning('Redis asks for no password', 'Set one (ACL SETUSER), and put it into CARDEA_REDIS_URL.'));
  return findings.length > 0 ? findings : ok(`Redis ${told.redis_version}, which needs no persistence`);
};
