/** What an API key can be opened for: the services behind the gateway, the tenant's own ones as one. */
export const areas = ['graphql', 'storage', 'functions', 'services'] as const;

export type Area = (typeof areas)[number];

export type Action = 'read' | 'write';

/** Every scope that there is: `graphql:read`, `graphql:write`, `graphql:*`, and so on. The SQL has the same list. */
export const scopes: readonly string[] = areas.flatMap((area) =>
  ['read', 'write', '*'].map((action) => `${area}:${action}`),
);

/** Whether one of `granted` opens the area for the action; `write` does not include `read`. */
export function opens(granted: readonly string[], area: Area, action: Action): boolean {
  return granted.includes(`${area}:${action}`) || granted.includes(`${area}:*`);
}
