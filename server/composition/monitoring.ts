import { X509Certificate } from 'node:crypto';
import { keyPolicy } from '../../keys/policy.ts';
import { publicationSeconds } from '../../keys/ring.ts';
import { signedLifetimes } from '../config.ts';
import type { Jobs } from '../jobs/runner.ts';
import { openAdminPort } from '../monitoring/admin_port.ts';
import type { NodeFacts } from '../monitoring/facts.ts';
import { createHistory } from '../monitoring/history.ts';
import { createSharedFacts } from '../monitoring/shared_facts.ts';
import type { Observed } from '../monitoring/status_page.ts';
import type { AccountServices } from './accounts.ts';
import type { ClientServices } from './clients.ts';
import type { Infrastructure } from './infrastructure.ts';
import type { Protocol } from './protocol.ts';

export interface MonitoringParts {
  readonly infrastructure: Infrastructure;
  readonly accountServices: AccountServices;
  readonly clientServices: ClientServices;
  readonly protocol: Protocol;
  readonly jobs: Pick<Jobs, 'states'>;
  readonly version: string;
  isReady(): Promise<unknown>;
}

/** Observes this node for its page, and serves its metrics where an operator has switched them on. */
export async function startMonitoring(parts: MonitoringParts): Promise<Observed> {
  const { config, log, now, onClose } = parts.infrastructure;
  const { db, redis, uptime } = parts.infrastructure;
  const read = createSharedFacts({
    db,
    keyRing: parts.protocol.keyRing,
    isReady: parts.isReady,
    redis,
    now,
    uptime,
  });
  const node = nodeFacts(parts);
  const history = onClose(createHistory({ node, now }), (one) => one.close());
  const observed = { node, history, read };
  if (!config.metrics) return observed;
  // Its library takes a while to load.
  const { createMetrics } = await import('../monitoring/metrics.ts');
  const metrics = createMetrics({ node, read, now });
  onClose(await openAdminPort({ ...config.metrics, metrics, log }), (port) => port.close());
  return observed;
}

function nodeFacts({
  infrastructure,
  accountServices,
  clientServices,
  protocol,
  jobs,
  version,
}: MonitoringParts): NodeFacts {
  const { config, counts, db, messenger, now, requestStats } = infrastructure;
  const policy = keyPolicy(config.keys, signedLifetimes(config));
  return {
    version,
    startedAt: now(),
    requests: requestStats,
    ...counts,
    passwordHashing: accountServices.passwords.passwords.load,
    pool: db.poolState,
    caches: clientServices.caches,
    jobs: jobs.states,
    isListening: messenger.isListening,
    maySign: protocol.keySync.isInTouch,
    keyRotation: policy.rotationSeconds,
    keyPublication: publicationSeconds(policy),
    auditHeadInterval: config.audit.headSeconds,
    certificateExpiresAt: config.tls && Date.parse(new X509Certificate(config.tls.cert).validTo),
  };
}
