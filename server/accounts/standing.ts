/** Who planned that an account is erased: the person may undo it, unless an operator did. */
export type DeletionAsker = 'person' | 'operator' | 'inactivity';

export interface Deletion {
  /** When the account is erased. */
  readonly dueAt: Date;
  readonly by: DeletionAsker;
}

/** The reasons for a restriction of processing (GDPR Art. 18(1), a to d). */
export const RESTRICTION_REASONS = ['accuracy_contested', 'unlawful', 'legal_claims', 'objection'] as const;
export type RestrictionReason = (typeof RESTRICTION_REASONS)[number];

export interface Restriction {
  readonly since: Date;
  readonly reason: RestrictionReason;
}

/**
 * The state that decides if an account can be used. Of several reasons against it the first counts. `leaving`: its deletion is
 * planned, so that its person can sign in only to undo that. The function `is_usable` of the database is true for `active` alone.
 */
export type Standing = 'active' | 'disabled' | 'restricted' | 'leaving';

export interface StandingParts {
  readonly disabled: boolean;
  readonly restriction?: Restriction;
  readonly deletion?: Deletion;
}

export function standingOf({ disabled, restriction, deletion }: StandingParts): Standing {
  if (disabled) return 'disabled';
  if (restriction) return 'restricted';
  return deletion ? 'leaving' : 'active';
}

/** True when the person may keep an account whose deletion is planned: an operator's decision is undone by operators. */
export function mayKeep({
  standing,
  deletion,
}: {
  readonly standing: Standing;
  readonly deletion?: Deletion;
}): boolean {
  return standing === 'leaving' && deletion?.by !== 'operator';
}
