import type { z } from 'zod';
import type { RoleName } from './names';

/** What a contradiction says of itself, for `explain`. */
export interface Contradiction {
  readonly reason: string;
  readonly advice: string;
}

function refuse(
  context: z.core.$RefinementCtx,
  path: readonly string[],
  contradiction: Contradiction,
): void {
  context.addIssue({ code: 'custom', path: [...path], params: { ...contradiction } });
}

/** A tenant without an admin could be managed by nobody. */
export function oneAdmin(
  members: Readonly<Record<string, RoleName>>,
  context: z.core.$RefinementCtx,
): void {
  if (Object.values(members).includes('admin')) return;
  refuse(context, [], {
    reason: 'names no admin, so nobody could manage the tenant',
    advice: 'Add one, such as "ann: admin".',
  });
}

/** The members of a custom service that decide about each other. */
interface Parts {
  readonly port?: number | undefined;
  readonly health?: string | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly replicas: number;
  readonly job: boolean;
}

/** A job has no port, and a health path needs one. */
export function consistent(service: Parts, context: z.core.$RefinementCtx): void {
  if (service.health !== undefined && service.port === undefined) {
    refuse(context, ['health'], {
      reason: 'is a path to ask, but the service has no port',
      advice: 'Give it a port, or take the path out.',
    });
  }
  if (service.port !== undefined && Object.hasOwn(service.env, 'PORT')) {
    refuse(context, ['env', 'PORT'], {
      reason: 'is set by "port" already',
      advice: 'Take one of the two out.',
    });
  }
  if (service.job && service.port !== undefined) {
    refuse(context, ['port'], {
      reason: 'is given, but a job runs to its end and listens on none',
      advice: 'Take "port" or "job" out.',
    });
  }
  if (service.job && service.replicas > 1) {
    refuse(context, ['replicas'], {
      reason: 'is more than 1, but a job runs once',
      advice: 'Take "replicas" or "job" out.',
    });
  }
}
