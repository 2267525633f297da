/** Waits for all, also where one fails: what the others took is known then and can be given back. */
export const allOf = async <T extends readonly unknown[] | []>(
  doing: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> => {
  await Promise.allSettled(doing);
  return await Promise.all(doing);
};
