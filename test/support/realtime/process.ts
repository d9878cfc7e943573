import type { RealtimeConfig } from '../../../components/services/images/realtime/config';
import { startProgram, type NodeProgram } from '../node-program';

export interface RealtimeSettings {
  readonly config: RealtimeConfig;
  readonly redisUrl: string;
  /** Of strata_authenticator, and of strata_realtime. */
  readonly databaseUrl: string;
  readonly directUrl: string;
  /** Another program than the service as it is: one that was broken on purpose. */
  readonly program?: string;
}

/** A running instance of the service. */
export type RealtimeProcess = NodeProgram;

/** Starts an instance as a container runs it, and waits until it is healthy. */
export async function startRealtime(settings: RealtimeSettings): Promise<RealtimeProcess> {
  const { config, redisUrl, databaseUrl, directUrl, program } = settings;
  const realtime = await startProgram({
    entry: 'components/services/images/realtime/server.ts',
    bundle: program,
    config: { REALTIME_CONFIG: config },
    secrets: {
      REDIS_URL: redisUrl,
      DATABASE_URL: databaseUrl,
      DATABASE_DIRECT_URL: directUrl,
    },
  });
  if (realtime.child.exitCode !== null) throw new Error(`realtime ended: ${realtime.log()}`);
  return realtime;
}
