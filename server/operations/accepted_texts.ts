import { type Static, Type } from 'typebox';
import { type Accepted, TEXT_KINDS } from '../accounts/texts.ts';
import { strict, Time } from './schema.ts';

/** A version of a text that a person has accepted. */
export const AcceptedText = strict({
  kind: Type.Enum([...TEXT_KINDS]),
  version: Type.String(),
  accepted_at: Time,
  withdrawn_at: Type.Optional(Time),
});

export function shownAccepted({ kind, version, acceptedAt, withdrawnAt }: Accepted): Static<typeof AcceptedText> {
  return {
    kind,
    version,
    accepted_at: acceptedAt.toISOString(),
    ...(withdrawnAt ? { withdrawn_at: withdrawnAt.toISOString() } : {}),
  };
}
