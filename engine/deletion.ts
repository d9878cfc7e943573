/** Names the data that may be deleted for good: tokens, separated by commas. */
export const deletionVariable = 'STRATA_DELETE_DATA';

/** What says that this very resource may be deleted. */
export function deletionToken(stack: string, name: string): string {
  return `${stack}/${name}`;
}

/** Whether the environment names it. */
export function mayBeDeleted(token: string): boolean {
  const given = (process.env[deletionVariable] ?? '').split(',').map((part) => part.trim());
  return given.includes(token);
}
