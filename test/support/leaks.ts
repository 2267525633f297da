/** The part of a text's base64 that stays the same wherever in a longer text it stands, for each of three places. */
const base64Forms = (text: string): string[] =>
  [0, 1, 2].map((before) => {
    const whole = Buffer.from(`${'\0'.repeat(before)}${text}`)
      .toString('base64')
      .replace(/=+$/, '');
    const head = Math.ceil((before * 8) / 6);
    const tail = (before + Buffer.byteLength(text)) % 3 === 0 ? whole.length : whole.length - 1;
    return whole.slice(head, tail);
  });

/** The forms in which a private text could show itself. */
const formsOf = (text: string): string[] => {
  const number = /^\+\d+$/.test(text);
  // Without the plus, without a calling code, and as people write it.
  const spoken = number
    ? [text.slice(1), text.slice(-10), text.slice(-10).replace(/^(...)(...)/, '$1-$2-')]
    : [];
  return [text, ...spoken].flatMap((form) => [
    form,
    encodeURIComponent(form),
    encodeURIComponent(encodeURIComponent(form)),
    Buffer.from(form).toString('hex'),
    ...base64Forms(form),
  ]);
};

/** Which forms of private texts stand in an output, whatever their case. */
export const leaksIn = (output: string, privates: Iterable<string>): string[] => {
  const searched = output.toLowerCase();
  const forms = new Set([...privates].flatMap(formsOf));
  return [...forms].filter((form) => searched.includes(form.toLowerCase()));
};
