import { z } from 'zod';
import type { Resource } from '../host/resource';
import { differences } from '../local/changes';
import { computers, readAws, regionInput } from './api';

/**
 * The image that servers are started from: the newest of when they were last made anew. One that is published later
 * makes no server anew by itself. Where the only server is gone, the next one starts from the image that is newest then.
 *
 * @example
 * new ServerImage('data-image', {
 *   region, newest: parameter.value, servers: sha256(userData), only: 'strata-prod-data',
 * }, { parent: this });
 */
export interface ServerImageInputs {
  region: string;
  /** Id of the newest image. */
  newest: string;
  /** Servers are made anew whenever this changes. */
  servers: string;
  /** The name (its tag) of the only server; a scaling group looks after its servers itself. */
  only?: string;
}

export interface ServerImageState extends ServerImageInputs {
  /** Id of the image that they are started from. */
  imageId: string;
}

/** In any other state it is gone. */
const there = ['pending', 'running', 'stopping', 'stopped'];

export const serverImage: Resource<ServerImageInputs, ServerImageState> = {
  inputs: z.object({
    region: regionInput,
    newest: z.string().regex(/^ami-[0-9a-f]{8,17}$/, 'must be the id of an image: ami-…'),
    servers: z.string().min(1),
    only: z.string().min(1).optional(),
  }),
  computed: ['imageId'],
  volatile: ['imageId'],

  diff: (state, inputs) => differences(state, inputs, ['servers'], 'update'),

  create: (inputs, context) => Promise.resolve({ id: context.name, state: chosen(inputs) }),

  read: (_id, state, context) =>
    readAws(state, context, async () => {
      const { region, only } = state;
      return only === undefined || (await isThere(region, only, context.signal))
        ? state
        : undefined;
    }),

  update: (_id, _state, inputs) => Promise.resolve(chosen(inputs)),

  delete: () => Promise.resolve(),
};

function chosen(inputs: ServerImageInputs): ServerImageState {
  return { ...inputs, imageId: inputs.newest };
}

async function isThere(region: string, name: string, abortSignal: AbortSignal): Promise<boolean> {
  const ec2 = await computers(region);
  const { Reservations = [] } = await ec2.describeInstances(
    {
      Filters: [
        { Name: 'tag:Name', Values: [name] },
        { Name: 'instance-state-name', Values: there },
      ],
    },
    { abortSignal },
  );
  return Reservations.some(({ Instances = [] }) => Instances.length > 0);
}
