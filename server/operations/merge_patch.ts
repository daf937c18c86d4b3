type Members = Readonly<Record<string, unknown>>;

/**
 * RFC 7396 §2: members of the patch replace those of the target, null removes one, and objects are merged member by member.
 * @returns a new value; a removed member is absent
 */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const before = isObject(target) ? target : {};
  const kept = Object.entries(before).filter(([name]) => !Object.hasOwn(patch, name));
  const patched = Object.entries(patch)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => [name, mergePatch(Object.hasOwn(before, name) ? before[name] : undefined, value)] as const);
  return Object.fromEntries([...kept, ...patched]);
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
