/*
 * Money is whole millionths of a dollar, so that sums are exact; it is rounded to cents where it is shown, and nowhere
 * else.
 */

const decimals = 6;

/** `0.12075` → 120750n. Throws on anything but a plain decimal with at most six digits behind the point. */
export function money(decimal: string): bigint {
  const [, whole, fraction = ''] = /^(\d+)(?:\.(\d{1,6}))?$/.exec(decimal) ?? [];
  if (whole === undefined) throw new Error(`"${decimal}" is no price with up to six decimals`);
  return BigInt(whole + fraction.padEnd(decimals, '0'));
}

/** As people read it, to the cent; half a cent is rounded away from zero: `1234560000n` → `1,234.56`. */
export function shown(amount: bigint): string {
  const size = amount < 0n ? -amount : amount;
  const cents = (size + 5_000n) / 10_000n;
  const whole = (cents / 100n).toLocaleString('en-US');
  const sign = amount < 0n && cents > 0n ? '-' : '';
  return `${sign}${whole}.${String(cents % 100n).padStart(2, '0')}`;
}

/** For scripts: the exact decimal, without a currency. */
export function exact(amount: bigint): string {
  const size = (amount < 0n ? -amount : amount).toString().padStart(decimals + 1, '0');
  const fraction = size.slice(-decimals).replace(/0+$/, '').padEnd(2, '0');
  return `${amount < 0n ? '-' : ''}${size.slice(0, -decimals)}.${fraction}`;
}
