import { customService } from './custom';
import type { Problem } from './errors';
import { explain } from './explain';
import { customServiceName } from './values';

/** What is wrong with one custom service and its name, before it stands in any config. */
export function customServiceProblems(name: string, given: unknown): Problem[] {
  const at = ['customServices', name];
  const found = customServiceName.safeParse(name).error?.issues[0];
  const root = { customServices: { [name]: given } };
  const issues = customService.safeParse(given).error?.issues ?? [];
  return [
    ...(found
      ? [
          {
            key: 'The name',
            reason: 'cannot be used',
            received: JSON.stringify(name),
            allowed: found.message,
          },
        ]
      : []),
    ...issues.flatMap((issue) => explain({ ...issue, path: [...at, ...issue.path] }, root)),
  ];
}
