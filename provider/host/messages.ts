import { Metadata, status } from '@grpc/grpc-js';
import {
  CheckFailure,
  CheckResponse,
  DiffResponse,
  PropertyDiff,
} from '@pulumi/pulumi/proto/provider_pb';
import type { Struct } from 'google-protobuf/google/protobuf/struct_pb';
import type { Changes, Problem } from './resource';
import type { Values } from './values';

/**
 * The answer to a check: the inputs as they came, or what is wrong with them. The property is named in the reason only:
 * beside a property the engine prints its whole value, be it secret or a page of SQL.
 */
export function checkResponse(inputs: Struct | undefined, problems: Problem[]): CheckResponse {
  const failures = problems.map(({ property, reason }) => {
    const [first = ''] = property.split('.');
    return new CheckFailure().setReason(reason.includes(first) ? reason : `${property}: ${reason}`);
  });
  return new CheckResponse().setInputs(inputs).setFailuresList(failures);
}

/**
 * The answer to a diff, property by property. What is replaced is deleted first: ports, folders and names of this
 * provider's resources cannot exist twice.
 */
export function diffResponse(
  state: Values,
  inputs: Values,
  changes: Changes,
  isInput: (property: string) => boolean,
): DiffResponse {
  const entries = Object.entries(changes);
  const replaces = entries
    .filter(([, effect]) => effect === 'replace')
    .map(([property]) => property);
  const { DIFF_NONE, DIFF_SOME } = DiffResponse.DiffChanges;
  const response = new DiffResponse()
    .setChanges(entries.length > 0 ? DIFF_SOME : DIFF_NONE)
    .setDiffsList(entries.map(([property]) => property))
    .setReplacesList(replaces)
    .setDeletebeforereplace(replaces.length > 0)
    .setHasdetaileddiff(true);
  for (const [property, effect] of entries) {
    const parts = partsOf(property);
    const before = at(state, parts) !== undefined;
    // An output that drifted (a process that does not run) is mended, not removed, although no input names it.
    const after = at(inputs, parts) !== undefined || !isInput(parts[0] ?? '');
    response
      .getDetaileddiffMap()
      .set(property, new PropertyDiff().setKind(kindOf(before, after, effect === 'replace')));
  }
  return response;
}

/** A failure as the engine shows it: a sentence. The stack is added only where it is our mistake, not the person's. */
export function failure(error: unknown, redact: (text: string) => string) {
  const message = redact(describe(error));
  return { code: status.UNKNOWN, details: message, message, metadata: new Metadata() };
}

const mistakes = [TypeError, ReferenceError, RangeError, SyntaxError];

function describe(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(describe).join('; ');
  if (!(error instanceof Error)) return String(error);
  if (mistakes.some((kind) => error instanceof kind)) return error.stack ?? error.message;
  return error.message || error.name;
}

function kindOf(before: boolean, after: boolean, replace: boolean): PropertyDiff.Kind {
  const { ADD, ADD_REPLACE, DELETE, DELETE_REPLACE, UPDATE, UPDATE_REPLACE } = PropertyDiff.Kind;
  if (!before) return replace ? ADD_REPLACE : ADD;
  if (!after) return replace ? DELETE_REPLACE : DELETE;
  return replace ? UPDATE_REPLACE : UPDATE;
}

/** The parts of a path such as `policies.rows` or `permissions["app.notes: member may select"]`. */
function partsOf(path: string): string[] {
  return [...path.matchAll(/\["([^"]*)"\]|([^.[\]]+)/g)].map(
    ([, quoted, plain]) => quoted ?? plain ?? '',
  );
}

function at(values: Values, parts: readonly string[]): unknown {
  const [first = '', ...rest] = parts;
  const value = values[first];
  if (rest.length === 0) return value;
  return typeof value === 'object' && value !== null ? at(value as Values, rest) : undefined;
}
