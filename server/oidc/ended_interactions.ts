import type { Payload } from '../records/payload.ts';
import type { Unit } from '../records/unit.ts';

/** The stored rest of an interaction that has ended, with which a page that was left open can still link to the app. */
export interface EndedInteraction {
  readonly clientId: string;
  /** The app got an error, such as the person's refusal. */
  readonly refused: boolean;
}

/** For how long a page that was left open can say how its interaction ended. */
const KEPT_SECONDS = 3_600;

/** The provider must not find an interaction that has ended. */
export function hasEnded(payload: Payload | undefined): boolean {
  return payload?.ended !== undefined;
}

/** Replaces the interaction, so that its request and its person do not stay stored. */
export async function endInteraction(unit: Unit, uid: string): Promise<void> {
  const interaction = (await unit.find('Interaction', uid)) as
    | (Payload & { params?: { client_id?: unknown }; result?: { error?: unknown } })
    | undefined;
  if (!interaction) return unit.destroy('Interaction', uid);
  const ended: EndedInteraction = {
    clientId: String(interaction.params?.client_id),
    refused: interaction.result?.error !== undefined,
  };
  unit.save('Interaction', uid, { jti: uid, kind: 'Interaction', ended }, KEPT_SECONDS);
}

/** Data for the page of an interaction that this browser cannot continue. @returns undefined when there is no record */
export async function interactionAt(
  unit: Unit,
  uid: string,
): Promise<{ clientId: string; ended?: EndedInteraction } | undefined> {
  const interaction = (await unit.find('Interaction', uid)) as
    | (Payload & { params?: { client_id?: unknown }; ended?: EndedInteraction })
    | undefined;
  if (!interaction) return undefined;
  const { ended } = interaction;
  return ended ? { clientId: ended.clientId, ended } : { clientId: String(interaction.params?.client_id) };
}
