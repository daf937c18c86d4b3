import type { ActorKind } from '../audit/entries.ts';
import type { Permission } from './permissions.ts';

/** Who asks for an operation. */
export interface Actor {
  readonly kind: ActorKind;
  /** The id of the account or the client; for the command line the Unix user. */
  readonly id: string;
  /** The app by which a person acts. */
  readonly clientId?: string | undefined;
  /** Everything that it may do now. */
  readonly permissions: ReadonlySet<Permission>;
}
