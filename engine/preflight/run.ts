import { messageOf } from '../errors';
import { type Check, type Finding, wrong } from './check';
import { certificate } from './checks/certificate';
import { dnsZone } from './checks/domain';
import { identity } from './checks/identity';
import { image } from './checks/image';
import { instanceTypes } from './checks/instance-types';
import { managed } from './checks/managed';
import { localPrograms } from './checks/local-programs';
import { quotas } from './checks/quotas';
import { zones } from './checks/zones';
import type { Clients } from './clients';
import type { Subject } from './subject';

/** Those that ask nothing of AWS. */
export const here: readonly Check[] = [localPrograms];

/** Those that take credentials, which `identity` looks at first. */
export const there: readonly Check[] = [
  zones,
  instanceTypes,
  managed,
  quotas,
  image,
  dnsZone,
  certificate,
];

/** Runs every check that can run; nothing is created, and one that fails hides no other. */
export async function preflight(subject: Subject, clients: Clients): Promise<Finding[]> {
  const local = await every(here, subject, clients);
  const who = await attempt(identity, subject, clients);
  if (who.some(({ level }) => level === 'error')) return [...local, ...who];
  return [...local, ...who, ...(await every(there, subject, clients))];
}

async function every(
  checks: readonly Check[],
  subject: Subject,
  clients: Clients,
): Promise<Finding[]> {
  const found = await Promise.all(checks.map((check) => attempt(check, subject, clients)));
  return found.flat();
}

async function attempt(check: Check, subject: Subject, clients: Clients): Promise<Finding[]> {
  try {
    return await check.run(subject, clients);
  } catch (error) {
    return [notLookedAt(check, subject, error)];
  }
}

const refused = new Set(['AccessDenied', 'AccessDeniedException', 'UnauthorizedOperation']);

/** A check that could not be made is an error: nobody knows what it would have found. */
function notLookedAt({ name, permissions }: Check, { region }: Subject, error: unknown): Finding {
  const code = (error as Error).name;
  if (refused.has(code)) {
    return wrong(
      name,
      'these credentials may not look at it',
      `Allow them ${permissions.join(', ')}, or use others.`,
    );
  }
  if (code === 'AuthFailure' || code === 'OptInRequired') {
    return wrong(
      name,
      `region ${region} does not take these credentials`,
      'Switch the region on for the account (AWS calls it opting in), or choose another: strata:aws.region.',
    );
  }
  return wrong(name, `cannot be looked at: ${messageOf(error)}`, 'Run it again.');
}
