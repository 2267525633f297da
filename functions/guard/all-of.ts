/** Waits for all, also where one fails: what the others took is known then and can be given back. */
export const allOf = async <T extends readonly unknown[]>(
  doing: {
    [K in keyof T]: Promise<T[K]> | T[K];
  },
): Promise<T> => {
  await Promise.allSettled(doing);
  return (await Promise.all(doing)) as unknown as T;
};
