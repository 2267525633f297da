/** A decimal number as digits and a power of ten, so that `1.50` and `15e-1` are the same; the sign is left out. */
const decimal = (written: string): string => {
  const [mantissa = '', exponent = '0'] = written.toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  // No regular expression: it would try every zero of a long number as the first of the last ones.
  let end = digits.length;
  while (digits[end - 1] === '0') end -= 1;
  return end === 0
    ? '0'
    : `${digits.slice(0, end)}e${Number(exponent) - fraction.length + digits.length - end}`;
};

/**
 * Whether a number is printed again as it was written. One of more digits than a double holds is not:
 * 9007199254740993 would become …992, which may be another account or another amount.
 *
 * @param written - a number of JSON.
 */
export const isKeptExactly = (written: string): boolean =>
  decimal(written) === decimal(String(Number(written)));
