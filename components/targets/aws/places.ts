/** In words, where a service stands: `npm run status` shows them, and finds by them what to ask how a service is. */
export const places = {
  database: 'Amazon RDS',
  cache: 'Amazon ElastiCache',
  servers: (name: string, count: number): string =>
    count === 1 ? `the server "${name}"` : `${count} servers "${name}"`,
} as const;

/** Whether these words say that it stands on the servers of that name. */
export function isOnServers(where: string, name: string): boolean {
  return where.endsWith(` "${name}"`);
}
