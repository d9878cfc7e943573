import { areas, type Action, type Area } from '../services/scopes';

/** A scope that a rule can ask of an API key: `graphql:write`, `services:read` and so on. A key with `area:*` has both. */
export type Scope = `${Area}:${Action}`;

export const ruleScopes: readonly Scope[] = areas.flatMap((area) => [
  `${area}:read` as const,
  `${area}:write` as const,
]);
