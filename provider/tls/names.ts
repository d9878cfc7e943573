import { isIP } from 'node:net';
import { z } from 'zod';

const longest = 253;
const label = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** Names that a certificate stands for: host names, in lower case, one level of wildcard, and addresses. */
export const namesInput = z
  .array(
    z
      .string()
      .refine(
        (name) => isIP(name) > 0 || isHostName(name),
        'must be a host name in lower case (api.example.com, *.example.com, localhost) or an IP address',
      ),
  )
  .min(1)
  .refine((names) => new Set(names).size === names.length, 'must hold each name once');

/** Names as they stand in a certificate: an address as a DNS name would not be accepted by any client. */
export function alternativeNames(
  names: readonly string[],
): { type: 'dns' | 'ip'; value: string }[] {
  return names.map((value) => ({ type: isIP(value) ? 'ip' : 'dns', value }));
}

function isHostName(name: string): boolean {
  const wildcard = name.startsWith('*.');
  const labels = (wildcard ? name.slice(2) : name).split('.');
  // What ends in digits only is an address that is none (10.0.0.256).
  const isAddressLike = /^\d+$/.test(labels.at(-1) ?? '');
  return (
    name.length <= longest &&
    labels.every((part) => label.test(part)) &&
    labels.length >= (wildcard ? 2 : 1) &&
    !isAddressLike
  );
}
