/**
 * SQL of what stands for a person in an anonymised copy. With the same salt the same person is the same one in every
 * table; without it nobody finds out who it was.
 */

/** In place of a user's id. */
export function personId(column: string, salt: string): string {
  return `case when "${column.replaceAll('"', '""')}" is not null then left(${hashed(`"${column.replaceAll('"', '""')}"::text`, salt)}, 32)::uuid end`;
}

/** In place of a user's handle. */
export function personalHandle(salt: string): string {
  return `'person-' || left(${hashed('handle', salt)}, 20)`;
}

function hashed(value: string, salt: string): string {
  const literal = `'${salt.replaceAll("'", "''")}'`;
  return `encode(sha256(convert_to(${literal} || ${value}, 'UTF8')), 'hex')`;
}
