import type { GuardConfig } from '../../../components/services/images/guard/config';
import { settled, startProgram, type NodeProgram } from '../node-program';

export interface GuardSettings {
  readonly config: GuardConfig;
  readonly jwtKey: string;
  readonly redisUrl: string;
  readonly databaseUrl: string;
  /** Another Node than this one's. */
  readonly node?: string;
  /** Another program than the guard as it is: one that was broken on purpose. */
  readonly program?: string;
}

/** A running guard. */
export type GuardProcess = NodeProgram;

/** Starts a guard and waits until it is healthy. */
export async function startGuard(settings: GuardSettings): Promise<GuardProcess> {
  const { config, jwtKey, redisUrl, databaseUrl, node, program } = settings;
  const guard = await startProgram({
    entry: 'components/services/images/guard/server.ts',
    bundle: program,
    config: { GUARD_CONFIG: config },
    secrets: {
      JWT_KEY: jwtKey,
      REDIS_URL: redisUrl,
      DATABASE_URL: databaseUrl,
      DATABASE_DIRECT_URL: databaseUrl,
    },
    node,
  });
  mustRun(guard);
  return guard;
}

/** Waits until a guard can do its work. */
export async function healthy(guard: GuardProcess): Promise<void> {
  await settled(guard);
  mustRun(guard);
}

function mustRun({ child, log }: GuardProcess): void {
  if (child.exitCode !== null) throw new Error(`the guard ended: ${log().slice(-1000)}`);
}
