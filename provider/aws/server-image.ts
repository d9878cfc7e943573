import { z } from 'zod';
import type { Resource } from '../host/resource';
import { differences } from '../local/changes';

/**
 * The image that servers are started from: the newest of when they were last made anew. One that is published later
 * makes no server anew by itself, and none is made anew from one so old that nobody keeps it any more.
 *
 * @example new ServerImage('app-image', { newest: parameter.value, servers: sha256(userData) }, { parent: this });
 */
export interface ServerImageInputs {
  /** Id of the newest image. */
  newest: string;
  /** Servers are made anew whenever this changes. */
  servers: string;
}

export interface ServerImageState extends ServerImageInputs {
  /** Id of the image that they are started from. */
  imageId: string;
}

export const serverImage: Resource<ServerImageInputs, ServerImageState> = {
  inputs: z.object({
    newest: z.string().regex(/^ami-[0-9a-f]{8,17}$/, 'must be the id of an image: ami-…'),
    servers: z.string().min(1),
  }),
  computed: ['imageId'],
  volatile: ['imageId'],

  diff: (state, inputs) => differences(state, inputs, ['servers'], 'update'),

  create: (inputs, context) => Promise.resolve({ id: context.name, state: chosen(inputs) }),

  read: (_id, state) => Promise.resolve(state),

  update: (_id, _state, inputs) => Promise.resolve(chosen(inputs)),

  delete: () => Promise.resolve(),
};

function chosen(inputs: ServerImageInputs): ServerImageState {
  return { ...inputs, imageId: inputs.newest };
}
