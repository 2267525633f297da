/** What a page may read of an answer besides its body: everything of ours that is not readable anyway. */
export const exposedHeaders = [
  'Retry-After',
  'Verify-Checks-Left',
  'Verify-Error',
  'Verify-Expires-In',
  'Verify-Limit',
  'Verify-Next-Send',
  'Verify-Replayed',
  'X-Request-Id',
] as const;

/**
 * The headers that let a page of one of these origins read an answer.
 *
 * @param origins - such as `https://app.example.com`; `*` is every origin; none is no headers at all.
 * @param origin - the request's `Origin`.
 */
export const corsHeaders = (
  origins: readonly string[],
  origin: string | undefined,
): Readonly<Record<string, string>> => {
  if (origins.length === 0) return {};
  const allowed = origins.includes('*') ? '*' : origins.find((one) => one === origin);
  return {
    Vary: 'Origin',
    ...(allowed && {
      'Access-Control-Allow-Origin': allowed,
      'Access-Control-Expose-Headers': exposedHeaders.join(', '),
    }),
  };
};
