/** The fewest characters of a key: below that, the numbers behind the hashes could be found by trying keys. */
const minLength = 16;

/**
 * Reads the secret that holds the key destinations are hashed with: a JSON object with the key under `current`, as
 * the stack generates it, or the key alone.
 *
 * @returns the key, or undefined where there is none of at least 16 characters.
 */
export const parseHashKey = (text: string): string | undefined => {
  const key = text.trimStart().startsWith('{') ? currentOf(text) : text.trim();
  return key !== undefined && key.length >= minLength ? key : undefined;
};

const currentOf = (text: string): string | undefined => {
  try {
    const { current } = JSON.parse(text) as { current?: unknown };
    return typeof current === 'string' ? current : undefined;
  } catch {
    return undefined;
  }
};
