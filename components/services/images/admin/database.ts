import { Pool, types, type QueryResultRow } from 'pg';

/** Numbers of rows and bytes fit a double; points in time stay as Postgres writes them, with their microseconds. */
function parserOf(
  oid: Parameters<typeof types.getTypeParser>[0],
  format?: 'text' | 'binary',
): unknown {
  if (oid === types.builtins.INT8) return Number;
  if (oid === types.builtins.TIMESTAMPTZ) return (text: string) => text;
  return types.getTypeParser(oid, format);
}

/** A login that runs statements, each by itself, and returns their rows. */
export interface Database {
  rows<Row extends QueryResultRow>(text: string, values?: readonly unknown[]): Promise<Row[]>;
}

/** The page's own login, direct to Postgres: two connections, so that it and its successor fit the role's limit. */
export function openDatabase(url: string, onTrouble: (message: string) => void): Database & Ends {
  const pool = new Pool({
    connectionString: url,
    max: 2,
    connectionTimeoutMillis: 2_000,
    query_timeout: 6_000,
    application_name: 'admin',
    statement_timeout: 5_000,
    // There is nothing that this login may write; a mistake of ours would be refused in other words.
    options: '-c TimeZone=UTC -c default_transaction_read_only=on',
    types: { getTypeParser: parserOf as typeof types.getTypeParser },
  });
  pool.on('error', ({ message }) => {
    onTrouble(message);
  });
  return {
    rows: async <Row extends QueryResultRow>(text: string, values: readonly unknown[] = []) =>
      (await pool.query<Row>(text, [...values])).rows,
    end: () => pool.end(),
  };
}

interface Ends {
  end(): Promise<void>;
}

/** Whether the database itself is away, or slow beyond patience; anything else is a mistake of ours. */
export function isAway(error: unknown): boolean {
  const { code, message } = error as Error & { code?: string };
  if (code === undefined) return /timeout|terminated|not queryable/i.test(message);
  // Connections, resources, what an operator did, and 57014, which ends a statement that took too long; 28: no login.
  return /^(E[A-Z_]+|08...|28...|53...|57...|3D000)$/.test(code);
}
