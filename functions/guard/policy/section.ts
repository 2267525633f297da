import * as v from 'valibot';

/** A section of the policy: what is left out gets its default, and a key that is not known is refused by name. */
export const section = <E extends v.ObjectEntries>(entries: E) =>
  v.optional(v.strictObject(entries), {} as never);
