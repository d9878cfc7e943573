import { z } from 'zod';
import { nearest } from '../../engine/nearest';
import type { AnyResource, Context, Problem } from './resource';
import { isUnknown, known, type Received } from './values';

/**
 * Everything that is wrong with the inputs of a resource, together.
 *
 * Properties that are not known yet are skipped; the resource's own `precheck` sees the known ones, its `check` runs
 * when all are. Values of secret properties are never repeated.
 */
export async function problemsOf(
  resource: AnyResource,
  inputs: Received,
  recorded: Received | undefined,
  context: Context,
): Promise<Problem[]> {
  const problems = schemaProblems(resource, inputs);
  if (problems.length > 0) return problems;
  const values = known(inputs.values);
  const early = (await resource.precheck?.(values, recorded?.values, context)) ?? [];
  if (early.length > 0 || isUnknown(inputs.values)) return early;
  return (await resource.check?.(values, recorded?.values, context)) ?? [];
}

function schemaProblems(resource: AnyResource, { values, secretProperties }: Received): Problem[] {
  const { shape } = resource.inputs;
  const wanted = Object.entries(shape).filter(([name]) => !isUnknown(values[name]));
  const given = Object.entries(values).filter(
    ([name, value]) => !(name in shape) || !isUnknown(value),
  );
  const result = z
    .strictObject(Object.fromEntries(wanted))
    .safeParse(Object.fromEntries(given), { reportInput: true });
  if (result.success) return [];
  return result.error.issues.flatMap((issue) =>
    describe(issue, Object.keys(shape), secretProperties),
  );
}

function describe(
  issue: z.core.$ZodIssue,
  properties: string[],
  secret: ReadonlySet<string>,
): Problem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const property = [...issue.path, key].join('.');
      return {
        property,
        reason: `unknown property ${property}${issue.path.length ? '' : advice(key, properties)}`,
      };
    });
  }
  const property = issue.path.join('.');
  if (issue.input === undefined)
    return [{ property, reason: `${property} is required: ${lower(issue.message)}` }];
  const shown = secret.has(String(issue.path[0]))
    ? ''
    : `, received ${JSON.stringify(issue.input)}`;
  return [{ property, reason: `${property}: ${lower(issue.message)}${shown}` }];
}

function advice(key: string, properties: string[]): string {
  const near = nearest(key, properties);
  return near ? `: did you mean ${near}?` : `: known are ${properties.join(', ')}`;
}

/** Zod's sentences without their common beginning, and without what was received: that is told once, at the end. */
function lower(message: string): string {
  return message.replace(/^(Invalid input|Invalid string): /, '').replace(/, received .*$/, '');
}
