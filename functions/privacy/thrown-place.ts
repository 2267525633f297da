/** The kind of a thrown value and the places it passed, without its message, which may repeat what a caller wrote. */
export interface ThrownPlace {
  readonly name: string;
  readonly frames: readonly string[];
}

/** Reduces a thrown value to what may be logged. */
export const thrownPlace = (thrown: unknown): ThrownPlace | undefined => {
  if (thrown === undefined) return undefined;
  if (!(thrown instanceof Error)) return { name: typeof thrown, frames: [] };
  const { stack = '', message } = thrown;
  // The message comes first and may have lines that look like frames; where it cannot be found nothing is kept.
  const end = stack.indexOf(message);
  const after = end < 0 ? '' : stack.slice(end + message.length);
  const frames = after.split('\n').filter((line) => /^\s+at /.test(line));
  // A class is renamed by minifying, its errors' own name is not; anything but a plain word could be a person's text.
  const name = /^[A-Za-z]{1,40}$/.test(thrown.name) ? thrown.name : 'Error';
  return { name, frames: frames.slice(0, 8).map((line) => line.trim()) };
};
