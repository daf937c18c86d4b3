import { randomBytes } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Action } from '../../server/audit/actions.ts';
import { createDeliveryStore } from '../../server/audit/delivery_store.ts';
import type { DestinationKind, DestinationSettings } from '../../server/audit/destination_settings.ts';
import {
  createDestinations,
  type Destination,
  type DestinationInput,
  type From,
} from '../../server/audit/destinations.ts';
import { openAudit, type Target } from '../../server/audit/entries.ts';
import { detailsOfEntries } from '../../server/audit/opened_details.ts';
import { createSealing } from '../../server/audit/seal.ts';
import { type AuditDelivery, createAuditDelivery, type SubjectsOf } from '../../server/jobs/audit_delivery.ts';
import { createSenders, type Senders } from '../../server/jobs/audit_senders.ts';
import type { Db } from '../../server/platform/db.ts';
import { createLog } from '../../server/platform/log.ts';
import { createOutbound } from '../../server/platform/outbound.ts';
import { createOutboundTls } from '../../server/platform/outbound_tls.ts';
import { carryOut } from '../../server/platform/planned.ts';
import { createSealer } from '../../server/platform/sealing.ts';
import { database } from './postgres.ts';
import type { Scope } from './scope.ts';
import { remember } from './secrets.ts';
import { listen } from './ssrf_cases.ts';

/** A request that a receiver got. */
export interface Received {
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** How a receiver behaves, by the number of its request from 1. */
export type Behaviour = (response: ServerResponse, n: number, request: IncomingMessage) => void;

export interface Receiver {
  readonly url: string;
  readonly received: Received[];
  behave: Behaviour;
}

/** A receiver of webhooks that behaves as the test wants. */
export async function receiver(scope: Scope, behave: Behaviour = accept): Promise<Receiver> {
  const made = { url: '', received: [] as Received[], behave };
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    made.received.push({ headers: request.headers, body });
    made.behave(response, made.received.length, request);
  });
  made.url = `http://127.0.0.1:${await listen(scope, server, '127.0.0.1')}/audit`;
  return made;
}

export const accept: Behaviour = (response) => void response.writeHead(204).end();

export const answer =
  (status: number, headers: Readonly<Record<string, string>> = {}): Behaviour =>
  (response) =>
    void response.writeHead(status, headers).end();

/** Everything that delivers the audit, on a database of its own, with a time that the test sets. */
export interface DeliveryWorld {
  readonly db: Db;
  readonly clock: { ms: number };
  readonly destinations: ReturnType<typeof createDestinations>;
  readonly delivery: AuditDelivery;
  readonly logLines: string[];
  /** A worker as another node has it. @param senders in place of the real ones */
  node(senders?: (real: Senders) => Senders): AuditDelivery;
  /** Appends events and seals them. @returns their ids in the order of the log */
  append(actions: readonly Action[], target?: Target, outcome?: 'done' | 'denied'): Promise<string[]>;
  /** Makes a destination that gets what comes from now on. */
  destination(
    kind: DestinationKind,
    settings: DestinationSettings,
    more?: Partial<DestinationInput> & { readonly clientId?: string; readonly from?: From },
  ): Promise<Destination & { readonly secret: string }>;
  find(id: string): Promise<Destination>;
  letters(id: string): Promise<readonly DeadLetterRow[]>;
}

export interface DeadLetterRow {
  readonly id: string;
  readonly first_index: string;
  readonly last_index: string;
  readonly is_head: boolean;
  readonly reason: string;
  readonly attempts: number;
}

export async function deliveryWorld(
  scope: Scope,
  options: { readonly fileFolder?: string; readonly subjectsOf?: SubjectsOf; readonly timeoutMs?: number } = {},
): Promise<DeliveryWorld> {
  const { db } = await database(scope);
  // Receivers compare the time of a signature with the clock of the machine.
  const clock = { ms: Math.floor(Date.now() / 1_000) * 1_000 };
  const now = () => clock.ms;
  const sealer = createSealer([randomBytes(32)]);
  const audit = await openAudit({ db, sealer, now, issuer: 'https://id.example.com' });
  const issuer = { identifier: 'https://id.example.com', hostname: 'id.example.com' };
  const sealing = createSealing({ db, keys: audit.keys, issuer: issuer.identifier, now, headEveryMs: 1_000 });
  const logLines: string[] = [];
  const log = createLog({ level: 'debug', destination: { write: (line: string) => void logLines.push(line) } });
  const destinations = createDestinations({ db, sealer, now });
  const allow = ['127.0.0.0/8'];
  const { timeoutMs = 2_000, fileFolder, subjectsOf = async () => new Map() } = options;
  const senders = createSenders({
    outbound: createOutbound({ allow, timeoutMs }),
    outboundTls: createOutboundTls({ allow, timeoutMs }),
    issuer,
    fileFolder,
    now,
  });
  const node: DeliveryWorld['node'] = (changed = (real) => real) =>
    createAuditDelivery({
      store: createDeliveryStore({ db, sealer, now }),
      senders: changed(senders),
      subjectsOf,
      detailsOf: (rows) => detailsOfEntries({ openByMonth: audit.openByMonth, sealersOf: async () => new Map() }, rows),
      audit,
      now,
      log,
      random: () => 0.5,
    });
  return {
    db,
    clock,
    destinations,
    delivery: node(),
    logLines,
    node,
    async append(actions, target = { kind: 'group', id: 'staff' }, outcome = 'done') {
      const actor = { kind: 'system', id: 'test' } as const;
      const bound = actions.map((action) => audit.append({ actor, action, target, outcome, requestId: 'r' }));
      await db.transact(bound);
      await sealing.run();
      const rows = await db.run<{ event_id: string }>(
        { text: 'SELECT event_id FROM audit_leaves ORDER BY index DESC LIMIT $1' },
        [actions.length],
      );
      return rows.map(({ event_id: id }) => id).toReversed();
    },
    async destination(kind, settings, more = {}) {
      const { clientId, from, ...rest } = more;
      const input = {
        name: kind,
        settings,
        actions: [],
        outcomes: [],
        everybody: false,
        heads: false,
        details: false,
        ...rest,
      };
      const planned = await destinations.creating({ ...input, kind, clientId }, from);
      await carryOut(db, planned);
      return { ...planned.after, secret: remember('other', planned.secret ?? '') };
    },
    async find(id) {
      const found = await destinations.find(id);
      if (!found) throw new Error('there is no such destination');
      return found;
    },
    letters: (id) =>
      db.run<DeadLetterRow>(
        { text: 'SELECT * FROM audit_dead_letters WHERE destination_id = $1 ORDER BY first_index' },
        [id],
      ),
  };
}
