import { join } from 'node:path';
import { CHANNEL as KEYS_CHANNEL } from '../../keys/store.ts';
import type { Factor } from '../accounts/attempts.ts';
import { MAILS_CHANNEL } from '../accounts/mails.ts';
import type { PasswordsOptions } from '../accounts/passwords.ts';
import { DESTINATIONS_CHANNEL } from '../audit/destinations.ts';
import { type Audit, openAudit } from '../audit/entries.ts';
import { RESOURCE_SERVERS_CHANNEL } from '../clients/resource_servers.ts';
import { CLIENTS_CHANNEL } from '../clients/statements.ts';
import type { Config, SettingInForce } from '../config.ts';
import { freshSecret } from '../fresh_secrets.ts';
import type { Limits } from '../limit_table.ts';
import type { SignInOutcome } from '../login/failures.ts';
import { resolveMasterKeys } from '../master_keys.ts';
import type { Clock } from '../platform/clock.ts';
import { type Counts, createCounts } from '../platform/counts.ts';
import { type Csrf, createCsrf } from '../platform/csrf.ts';
import type { Db } from '../platform/db.ts';
import { type Counter, createMemoryCounter } from '../platform/limits.ts';
import type { Logger } from '../platform/log.ts';
import { createOutboxMailer, createSmtpMailer, type Mailer } from '../platform/mail.ts';
import { type Messenger, startMessenger } from '../platform/messenger.ts';
import { createOutbound, type Outbound } from '../platform/outbound.ts';
import { createRecently } from '../platform/recently.ts';
import type { RedisCounter } from '../platform/redis.ts';
import type { RequestContext } from '../platform/request_context.ts';
import { createRequestStats, type RequestStats } from '../platform/request_stats.ts';
import { createSealer, type Sealer } from '../platform/sealing.ts';
import { findServerSecret } from '../platform/server_secrets.ts';
import { createTally } from '../platform/tally.ts';
import type { Tracing } from '../platform/tracing.ts';
import { createWriteBounds, type WriteBounds } from '../platform/write_bounds.ts';
import { DELIVERIES_CHANNEL } from '../records/deliveries.ts';
import { createViews, type Views } from '../views/views.ts';
import { openLimits } from './limits.ts';

export interface AppParts {
  readonly config: Config;
  /** The same for operators to see. */
  readonly settings: readonly SettingInForce[];
  readonly db: Db;
  readonly log: Logger;
  readonly now: Clock;
  /** Monotonic milliseconds, which do not depend on the wall clock. */
  readonly uptime: Clock;
  readonly requestContext: RequestContext;
  /** Undefined where traces are off. */
  readonly tracing: Tracing | undefined;
  /** Resolve the host names in URLs of clients, in place of the system's name servers. */
  readonly nameServers?: readonly string[] | undefined;
  /** Starts a thread that hashes passwords; see `PasswordsOptions`. */
  readonly startPasswordThread?: PasswordsOptions['startWorker'] | undefined;
  /** Closes a part when the application closes, in reverse order. @returns the part */
  onClose<T>(part: T, close: (part: T) => unknown): T;
}

/** Events of this node, for its metrics. */
export interface EventCounts {
  readonly signIns: Counts<SignInOutcome>;
  readonly lockouts: Counts<Factor>;
  /** Refused requests by the name of the limit. */
  readonly refusals: Counts<string>;
}

/** The services that all layers use. */
export interface Infrastructure extends AppParts {
  readonly sealer: Sealer;
  readonly audit: Audit;
  readonly messenger: Messenger;
  readonly counter: Counter;
  /** Undefined without Redis. */
  readonly redis: Pick<RedisCounter, 'isConnected'> | undefined;
  readonly requestStats: RequestStats;
  readonly counts: EventCounts;
  readonly limits: Limits;
  /** Bounds what requests without a sign-in store. */
  readonly writes: WriteBounds;
  readonly csrf: Csrf;
  readonly views: Views;
  /** Requests to URLs that clients have named. */
  readonly outbound: Outbound;
  /** Undefined in production without a mail server: no mails are sent. */
  readonly mailer: Mailer | undefined;
  /** The folder for mails in development without a mail server. */
  readonly outbox: string;
  readonly secure: boolean;
}

export async function createInfrastructure(parts: AppParts): Promise<Infrastructure> {
  const { config, db, log, now, onClose } = parts;
  const { issuer } = config;
  const sealer = createSealer(await resolveMasterKeys(config));
  const messenger = onClose(
    await startMessenger({
      db,
      log,
      channels: [
        KEYS_CHANNEL,
        CLIENTS_CHANNEL,
        RESOURCE_SERVERS_CHANNEL,
        MAILS_CHANNEL,
        DELIVERIES_CHANNEL,
        DESTINATIONS_CHANNEL,
      ],
    }),
    (one) => one.close(),
  );
  const redisUrl = freshSecret(config, 'CARDEA_REDIS_URL');
  const shared = redisUrl ? await connectRedis(parts, redisUrl) : undefined;
  const counter: Counter = shared ?? createMemoryCounter(now);
  const tally = createTally({ now, uptime: parts.uptime, shared });
  const counts: EventCounts = { signIns: createCounts(), lockouts: createCounts(), refusals: createCounts() };
  const report = reporter(parts);
  const limits = openLimits(config.limits, {
    counter,
    tally,
    now,
    onReached(name) {
      counts.refusals.add(name);
      report(name);
    },
  });
  const outbox = join(config.dataDir, 'outbox');
  return {
    ...parts,
    sealer,
    messenger,
    counter,
    redis: shared,
    requestStats: createRequestStats(),
    counts,
    limits,
    writes: createWriteBounds(limits.writes),
    audit: await openAudit({ db, sealer, now, issuer: issuer.identifier }),
    // The secrets follow from the keys of cookies (serve.ts). Servers of the version before have one of their own.
    csrf: createCsrf(await findServerSecret(db, sealer, 'csrf')),
    views: createViews(issuer.basePath),
    outbound: createOutbound({
      allow: config.outboundAllow,
      nameServers: parts.nameServers,
      tracing: parts.tracing,
    }),
    mailer: createMailer(parts, outbox),
    outbox,
    secure: issuer.protocol === 'https:',
  };
}

const REPORTED_EVERY_MS = 60_000;

/** Tells the operator once a minute that a limit refuses requests, and never whose. */
function reporter({ log, now }: AppParts): (name: string) => void {
  const wasReported = createRecently({ everyMs: REPORTED_EVERY_MS, now });
  return (limit) => {
    if (wasReported(limit)) return;
    const line = { limit };
    if (limit.endsWith('.server'))
      log.warn(line, 'a limit of the whole server is reached: those who use most are refused');
    else log.info(line, 'a limit is reached: requests are refused');
  };
}

/** Loaded only where Redis is configured: its client takes as long to load as Fastify. */
async function connectRedis(
  { log, now, tracing, onClose }: AppParts,
  url: string | (() => string),
): Promise<RedisCounter> {
  const { createRedisCounter } = await import('../platform/redis.ts');
  return onClose(await createRedisCounter({ url, log, now, tracing }), (redis) => redis.close());
}

function createMailer({ config, now, onClose }: AppParts, outbox: string): Mailer | undefined {
  const sender = { from: config.mailFrom, domain: config.issuer.hostname, now };
  const server = freshSecret(config, 'CARDEA_SMTP_URL');
  if (server) return onClose(createSmtpMailer(server, sender), (mailer) => mailer.close());
  return config.production ? undefined : createOutboxMailer(outbox, sender);
}
