import type { Payload } from '../records/payload.ts';
import type { Unit } from '../records/unit.ts';

/** What is kept of an interaction that has ended: of which app it was, for its page to lead on from. Nothing else. */
export interface EndedInteraction {
  readonly clientId: string;
  /** Whether the app was told that the person refused, or an error. */
  readonly refused: boolean;
}

/** For so long a page that was left open can say what became of it. */
const KEPT_SECONDS = 3_600;

/** To the provider an interaction that has ended is gone. */
export function hasEnded(found: Payload | undefined): boolean {
  return found?.ended !== undefined;
}

/** Replaces the interaction; its request and its person are not kept. */
export async function endInteraction(unit: Unit, uid: string): Promise<void> {
  const found = (await unit.find('Interaction', uid)) as
    | (Payload & { params?: { client_id?: unknown }; result?: { error?: unknown } })
    | undefined;
  if (!found) return unit.destroy('Interaction', uid);
  const ended: EndedInteraction = {
    clientId: String(found.params?.client_id),
    refused: found.result?.error !== undefined,
  };
  unit.save('Interaction', uid, { jti: uid, kind: 'Interaction', ended }, KEPT_SECONDS);
}

/** Data for the page of an interaction that this browser cannot continue; undefined when nothing is known of it. */
export async function interactionAt(
  unit: Unit,
  uid: string,
): Promise<{ clientId: string; ended?: EndedInteraction } | undefined> {
  const found = (await unit.find('Interaction', uid)) as
    | (Payload & { params?: { client_id?: unknown }; ended?: EndedInteraction })
    | undefined;
  if (!found) return undefined;
  const { ended } = found;
  return ended ? { clientId: ended.clientId, ended } : { clientId: String(found.params?.client_id) };
}
