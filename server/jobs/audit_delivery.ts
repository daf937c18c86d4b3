import { appEventOf, type Event, isAmong, type Message, messageForApp, messageOfEvent } from '../audit/delivered.ts';
import type { Claimed, DeliveryStore, Place } from '../audit/delivery_store.ts';
import type { DestinationKind } from '../audit/destination_settings.ts';
import type { AuditDetails, AuditRow } from '../audit/entries.ts';
import { isDatabaseAway } from '../platform/db_errors.ts';
import type { Logger } from '../platform/log.ts';
import { NO_TRACING, type Tracing } from '../platform/tracing.ts';
import type { Senders } from './audit_senders.ts';
import { createAuditTurns, type TurnParts } from './audit_turn.ts';

/** Sends the sealed log of the audit to its destinations. */
export interface AuditDelivery {
  /** Sends all that is due. A call while it runs makes it look for more. */
  run(): Promise<void>;
  /** Lets what is being sent finish, and sends no more. */
  stop(): Promise<void>;
}

/**
 * The people as an app knows them.
 * @returns by account id; without people whom the app may learn nothing about
 */
export type SubjectsOf = (
  client: { readonly id: string; readonly everybody: boolean },
  accountIds: readonly string[],
) => Promise<ReadonlyMap<string, string>>;

/** Address and device of events, by their id. Of a person who was erased there are none. */
export type DetailsOf = (rows: readonly AuditRow[]) => Promise<ReadonlyMap<string, AuditDetails>>;

/** Destinations for which one node sends at the same time: one that does not answer takes a place until its timeout. */
const MOST = 32;

export function createAuditDelivery(
  parts: Omit<TurnParts, 'messagesOf' | 'isStopped'> & {
    readonly store: DeliveryStore;
    readonly senders: Senders;
    readonly tracing?: Pick<Tracing, 'runs'> | undefined;
    readonly log: Logger;
  } & Sources,
): AuditDelivery {
  const { store, senders, tracing = NO_TRACING, log } = parts;
  const kinds = Object.keys(senders) as DestinationKind[];
  let isStopped = false;
  let running: Promise<void> | undefined;
  let wake = () => {};
  const inProgress = new Set<Promise<void>>();
  const turn = createAuditTurns({ ...parts, messagesOf: messageReader(parts), isStopped: () => isStopped });

  async function take(claimed: Claimed): Promise<void> {
    try {
      const about = { 'cardea.audit.destination': claimed.id };
      await tracing.runs(`audit delivery ${claimed.kind}`, about, async () => {
        await turn(claimed);
        await store.release(claimed);
      });
    } catch (error) {
      const away = isDatabaseAway(error);
      log[away ? 'debug' : 'warn']({ destination: claimed.id, error }, 'a destination of the audit had no turn');
      // It waits for its lease to end: another turn at once would fail as well.
    }
  }

  async function workUntilDone(): Promise<void> {
    let looksAgain = true;
    try {
      while (!isStopped && (looksAgain || inProgress.size > 0)) {
        looksAgain = false;
        const room = MOST - inProgress.size;
        for (const claimed of room > 0 ? await store.claim({ kinds, limit: room }) : []) {
          const taken = take(claimed).finally(() => inProgress.delete(taken));
          inProgress.add(taken);
        }
        if (inProgress.size === 0) continue;
        const woken = new Promise<void>((resolve) => {
          wake = resolve;
        });
        await Promise.race([woken, ...inProgress]);
        // A destination whose turn is over may have more.
        looksAgain = true;
      }
    } finally {
      await Promise.all(inProgress);
    }
  }

  return {
    run() {
      if (isStopped) return Promise.resolve();
      wake();
      running ??= workUntilDone().finally(() => {
        running = undefined;
      });
      return running;
    },
    async stop() {
      isStopped = true;
      wake();
      await running?.catch(() => {});
    },
  };
}

interface Sources {
  readonly subjectsOf: SubjectsOf;
  readonly detailsOf: DetailsOf;
}

/** Makes the messages of events for a destination. An event that it does not want has none. */
function messageReader({ subjectsOf, detailsOf }: Sources): TurnParts['messagesOf'] {
  return async ({ clientId, everybody, actions, outcomes, details }, places) => {
    const events = places.filter(isEvent);
    if (clientId === undefined) {
      const wanted = events.filter(({ row }) => isAmong(actions, row.action) && isAmong(outcomes, row.outcome));
      if (!details) return new Map(wanted.map((event) => [event.index, messageOfEvent(event)]));
      const opened = await detailsOf(wanted.map(({ row }) => row));
      return new Map(wanted.map((event) => [event.index, messageOfEvent(event, opened.get(event.row.id) ?? {})]));
    }
    const told = events.flatMap((event) => {
      const about = appEventOf(event);
      return about && isAmong(actions, about.type) ? [{ event, ...about }] : [];
    });
    if (told.length === 0) return new Map();
    const ids = [...new Set(told.map(({ accountId }) => accountId))];
    const subjects = await subjectsOf({ id: clientId, everybody }, ids);
    return new Map(
      told.flatMap(({ event, type, accountId }): [number, Message][] => {
        const sub = subjects.get(accountId);
        return sub === undefined ? [] : [[event.index, messageForApp(event, type, sub)]];
      }),
    );
  };
}

const isEvent = (place: Place): place is Place & Event => place.row !== undefined;
