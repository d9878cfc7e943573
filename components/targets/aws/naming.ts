import { createHash } from 'node:crypto';
import * as pulumi from '@pulumi/pulumi';
import type { Account } from './account';

const hashLength = 8;

/**
 * The name of a part of this stack, no longer than AWS allows: `strata-prod-gateway`. A stack's name that is too long
 * or holds other characters than AWS's names do is cut down, and a hash of it keeps two stacks apart.
 */
export function stackName(part: string, most: number): string {
  return awsName(pulumi.getStack(), part, most);
}

/** As `stackName`, of what AWS knows by one name in all regions. */
export function globalName(part: string, { region }: Account, most: number): string {
  return stackName(`${part}-${region}`, most);
}

/** The name of the scaling group of a group of servers. */
export function scalingGroup(group: string): string {
  return stackName(group, 255);
}

/** The lifecycle hook by which a new server of a scaling group says that it is healthy. */
export const readyHook = 'ready';

/** As `stackName`, of any stack. */
export function awsName(stack: string, part: string, most: number): string {
  const plain = `strata-${stack}-${part}`;
  const clean = cleaned(stack);
  if (clean === stack && plain.length <= most) return plain;
  const hash = createHash('sha256').update(stack).digest('hex').slice(0, hashLength);
  const room = most - ['strata', '', part, hash].join('-').length;
  if (room < 0) throw new Error(`${part} leaves no room in a name of ${most} characters`);
  const kept = clean.slice(0, room).replace(/-$/, '');
  return ['strata', ...(kept === '' ? [] : [kept]), part, hash].join('-');
}

/** Lower-case letters, digits and single hyphens between them: what every name of AWS may be made of. */
function cleaned(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
}
