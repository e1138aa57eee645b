/** Whether two values look the same: what has not changed is not drawn anew. */

/** Whether two values have the same in all their fields; lists by what is in them. */
export function hasSame(one: object, other: object): boolean {
  const fields = Object.entries(other);
  return fields.every(([name, value]) => {
    const known = (one as Record<string, unknown>)[name];
    return Array.isArray(value) && Array.isArray(known)
      ? value.length === known.length &&
          value.every((part, at) => part === known[at])
      : value === known;
  });
}
