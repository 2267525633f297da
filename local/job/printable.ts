// Control and direction characters, line ends, and halves of a pair: what a terminal obeys instead of showing it.
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/**
 * A text as a terminal may be given it: with `\uXXXX` for what would move the cursor, colour or hide. Of a JSON
 * document on one line it stays the same document.
 */
export const printable = (text: string): string =>
  text.replace(unprintable, (character) =>
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
