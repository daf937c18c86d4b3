import { openStorage } from '../backup/open_storage.ts';
import { probeStorage } from '../backup/storage_checks.ts';
import { destinations } from '../operations/destinations.ts';
import { AppError } from '../platform/errors.ts';
import { LIST_LIMIT_MAX } from '../platform/listing.ts';
import { createOutbound, OutboundError, type OutboundReason } from '../platform/outbound.ts';
import { createOutboundTls } from '../platform/outbound_tls.ts';
import { isTracingOn, tracesTarget } from '../platform/tracing.ts';
import { type Check, type Finding, ok, problem, skipped, warning } from './check.ts';
import { ask } from './issuer.ts';

/* What the servers of this deployment send to, as far as no other check connects to it. */

const OPEN = 'Open the firewall and the routes, and see that it runs.';

/** By the reason why a receiver was not reached: the remedy. */
const REMEDIES: Readonly<Record<OutboundReason, string>> = {
  address: 'Its address is not public: add it to CARDEA_OUTBOUND_ALLOW if the servers may reach it.',
  name: 'Correct its host, or the name server.',
  lookup: 'See that the name server answers.',
  redirect: 'Name the address that it redirects to: no redirect is followed.',
  url: 'Name an https URL without user and password.',
  connection: `${OPEN} Its certificate must be of an authority that Node knows (NODE_EXTRA_CA_CERTS), and of its host.`,
  time: OPEN,
  size: 'See what answers there.',
  busy: 'Run the check again.',
};

/** Connects as the servers do, by the same rules, and sends nothing of the audit: HEAD to a URL, a handshake of TLS for syslog. */
export const checkReceivers: Check = async ({ config, stores }) => {
  const query = { filter: 'enabled eq true', limit: LIST_LIMIT_MAX };
  const { items } = await (await stores()).read(destinations.list, { query });
  const outbound = createOutbound({ allow: config.outboundAllow });
  const outboundTls = createOutboundTls({ allow: config.outboundAllow });
  const turn = { chosenBy: 'delivery' } as const;
  const findings = await Promise.all(
    items.map(async ({ name, settings: { url, host, port = 6_514, ca } = {} }): Promise<Finding | undefined> => {
      const where = url === undefined ? `${host}:${port}` : new URL(url).host;
      try {
        if (url !== undefined) await outbound.fetch(url, { method: 'HEAD', turn });
        else if (host !== undefined) await outboundTls.send({ host, port, ca }, new Uint8Array());
        else return undefined;
        return ok(`the destination ${name} is reached at ${where}`);
      } catch (error) {
        if (!(error instanceof OutboundError)) throw error;
        return problem(`the destination ${name} is not reached at ${where} (${error.reason})`, REMEDIES[error.reason]);
      }
    }),
  );
  const told = findings.filter((one) => one !== undefined);
  return told.length > 0 ? told : skipped('the audit is sent to no other machine');
};

/** Also writes, as a storage that can be listed may be read-only or full. */
export const checkBackupStorage: Check = async ({ config: { backup }, now }) => {
  if (backup.to === undefined) return skipped('backups are not configured');
  const storage = await openStorage(backup.to, backup);
  // Where nothing is removed, the right to do so is not needed.
  const removes = backup.keptSeconds > 0;
  try {
    await storage.list('');
    await probeStorage(storage, { now: now(), removes });
    return ok(`${storage.place} can be listed, written and read${removes ? ', and files removed' : ''}`);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return problem(
      error.message,
      'Do what the message says; ops/docs/backup.md has the rights that are needed ("Where backups go").',
    );
  }
};

/** Sends an export without a span, which every receiver of OTLP takes. */
export const checkTraces: Check = async ({ env, signal }) => {
  if (!isTracingOn(env)) return skipped('traces are off');
  const { url, headers } = tracesTarget(env);
  const init = {
    method: 'POST',
    body: '{"resourceSpans":[]}',
    headers: { 'content-type': 'application/json', ...headers },
  };
  const { status, body } = await ask(url, { signal }, init, `${OPEN} Correct OTEL_EXPORTER_OTLP_ENDPOINT.`);
  await body?.cancel();
  if (status >= 200 && status < 300) return ok(`${new URL(url).host} takes traces`);
  return warning(
    `${new URL(url).host} answers ${status}: traces are lost`,
    status === 401 || status === 403
      ? 'Correct OTEL_EXPORTER_OTLP_HEADERS.'
      : 'Correct OTEL_EXPORTER_OTLP_ENDPOINT: traces are sent by OTLP over HTTP, as JSON.',
  );
};
