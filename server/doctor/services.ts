import { createTransport } from 'nodemailer';
import { smtpOptions } from '../platform/mail.ts';
import { reasonOf } from '../platform/outages.ts';
import { redisPlace } from '../platform/redis_url.ts';
import { isLoopback } from '../platform/smtp_url.ts';
import { Broken, type Check, type Finding, ok, problem, skipped, warning } from './check.ts';

/* The mail server and Redis. */

const MAIL_TIMEOUTS = { connectMs: 8_000, silenceMs: 8_000 };

/** By code of nodemailer: the remedy. */
const MAIL_REMEDIES: Readonly<Record<string, string>> = {
  EAUTH: 'Correct user and password in CARDEA_SMTP_URL.',
  ETLS: 'Renew or replace the certificate of the mail server, or name its authority in NODE_EXTRA_CA_CERTS.',
  EDNS: 'Correct the host in CARDEA_SMTP_URL, or the name server.',
  ECONNECTION: 'Correct host and port in CARDEA_SMTP_URL, or open the firewall: many networks block port 25.',
  ESOCKET: 'Correct host and port in CARDEA_SMTP_URL, and whether it is smtp (STARTTLS, 587) or smtps (465).',
  ETIMEDOUT: 'Open the firewall to the mail server: many networks block port 25.',
};

/** Connects, greets, turns TLS on and signs in; sends only when asked to. */
export const checkMail: Check = async ({ config: { smtp, production }, sendMailTo, sendTestMail }) => {
  if (!smtp)
    return production
      ? warning('no mail is sent', 'Set CARDEA_SMTP_URL_FILE: forgotten passwords and warnings are mailed.')
      : skipped('mails become files');
  const transport = createTransport({ ...smtpOptions(smtp, MAIL_TIMEOUTS), pool: false });
  const where = `${smtp.host}:${smtp.port}`;
  try {
    await transport.verify();
  } catch (error) {
    const { code = '', responseCode } = error as { readonly code?: string; readonly responseCode?: number };
    const reason = responseCode === undefined ? code || reasonOf(error) : `${code} ${responseCode}`;
    return problem(`${where} cannot be used (${reason})`, MAIL_REMEDIES[code] ?? 'See the log of the mail server.');
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
