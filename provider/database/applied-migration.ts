import { z } from 'zod';
import type { Problem, Resource } from '../host/resource';
import { differences } from '../local/changes';
import { changedText } from './migration';

/**
 * That a migration was applied by somebody else: a job beside a database that the engine's machine does not reach.
 *
 * It does nothing. A preview lists those of the program that no deployment has finished with, by their names, and a text
 * that changed since is refused there. What decides is the ledger in the database: the job passes over what is in it, and
 * refuses changed texts as well.
 */
export interface AppliedInputs {
  scope: 'platform' | 'app';
  /** The file's name without its ending: `003_tenancy`. */
  name: string;
  /** Of its text. */
  sha256: string;
}

export const appliedMigration: Resource<AppliedInputs, AppliedInputs> = {
  inputs: z.object({
    scope: z.enum(['platform', 'app']),
    name: z.string().regex(/^\d{3,}_[a-z0-9_]+$/, 'must look like 001_topic'),
    sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256, in hexadecimal digits'),
  }),
  computed: [],

  check: (inputs, before) => Promise.resolve(changedTextProblems(inputs, before)),

  diff: (state, inputs) => differences(state, inputs, ['scope', 'name'], 'replace'),

  create: (inputs) => Promise.resolve({ id: `${inputs.scope}/${inputs.name}`, state: inputs }),

  read: (_id, state) => Promise.resolve(state),

  delete: () => Promise.resolve(),
};

function changedTextProblems(inputs: AppliedInputs, before: AppliedInputs | undefined): Problem[] {
  if (before === undefined || before.sha256 === inputs.sha256) return [];
  return [{ property: 'sha256', reason: changedText(inputs, before.sha256, inputs.sha256) }];
}
