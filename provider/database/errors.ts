import { DatabaseError } from 'pg';
import { UserError } from '../../engine/errors';

/** What Postgres refused, told for people; `code` is its SQLSTATE. */
export class SqlError extends UserError {
  constructor(
    message: string,
    readonly code: string | undefined,
    /** Name of the application's migration that it came of, if of one. */
    readonly migration?: string,
  ) {
    super(message);
  }
}

/** The database's refusal with the file, the line and what it advises; anything else as it came. */
export function describeSqlError(
  error: unknown,
  file: string,
  sql: string,
  migration?: string,
): Error {
  if (!(error instanceof DatabaseError)) return error as Error;
  const line = error.position && sql.slice(0, Number(error.position) - 1).split('\n').length;
  const parts = [
    `${file}${line ? `:${line}` : ''}: ${error.message} (${error.code ?? 'no code'})`,
    error.where && `in ${error.where}`,
    error.detail,
    error.hint && `Hint: ${error.hint}`,
    error.code === '55P03' &&
      'Another session holds a lock on this table; nothing was changed: run it again when that session is done.',
  ];
  return new SqlError(parts.filter(Boolean).join('\n'), error.code, migration);
}
