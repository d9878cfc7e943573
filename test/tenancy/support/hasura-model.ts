/**
 * What Hasura v2 makes of permissions, by its documentation and nothing of ours: which rows and columns a role sees, which
 * rows it may change, which new rows it may add.
 *
 * A condition is an object whose keys are all to hold: `_and`, `_or`, `_not`, or a column with its operators; a string that
 * begins with X-Hasura- is a session variable, and one that the session has not makes the request fail. `null` is equal
 * to nothing.
 * https://hasura.io/docs/2.0/api-reference/syntax-defs/#boolexp, …/auth/authorization/permissions/row-level-permissions/
 */
export type Session = Readonly<Record<string, string>>;
export type Row = Readonly<Record<string, unknown>>;

interface Rules {
  readonly columns?: readonly string[];
  readonly filter?: unknown;
  readonly check?: unknown;
  readonly set?: Readonly<Record<string, string>>;
}

type Permissions = readonly { readonly role: string; readonly permission: Rules }[];

export interface ModelledTable {
  readonly select_permissions: Permissions;
  readonly insert_permissions: Permissions;
  readonly update_permissions: Permissions;
  readonly delete_permissions: Permissions;
}

type Command = 'select' | 'insert' | 'update' | 'delete';

/** A role's permission; undefined where the command is not in the schema that it is shown. */
export function permitted(
  table: ModelledTable | undefined,
  command: Command,
  { 'x-hasura-role': role }: Session,
): Rules | undefined {
  return table?.[`${command}_permissions`].find((one) => one.role === role)?.permission;
}

/** Whether a condition holds for a row in a session. */
export function holds(condition: unknown, row: Row, session: Session): boolean {
  return Object.entries(condition as Row).every(([key, value]) => {
    switch (key) {
      case '_and':
        return (value as unknown[]).every((one) => holds(one, row, session));
      case '_or':
        return (value as unknown[]).some((one) => holds(one, row, session));
      case '_not':
        return !holds(value, row, session);
      default:
        return Object.entries(value as Row).every(([operator, operand]) =>
          compare(operator, row[key], valueOf(operand, session)),
        );
    }
  });
}

/** What is written for a column, whatever the request says. */
export function presets({ set = {} }: Rules, session: Session): Row {
  return Object.fromEntries(
    Object.entries(set).map(([column, value]) => [column, valueOf(value, session)]),
  );
}

function compare(operator: string, value: unknown, operand: unknown): boolean {
  if (operator !== '_eq') throw new Error(`the model does not know the operator ${operator}`);
  return value !== null && value !== undefined && value === operand;
}

function valueOf(operand: unknown, session: Session): unknown {
  if (typeof operand !== 'string' || !/^x-hasura-/i.test(operand)) return operand;
  const value = session[operand.toLowerCase()];
  if (value === undefined) throw new Error(`the session has no ${operand}`);
  return value;
}
