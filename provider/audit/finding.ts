/** What mends it: statements that an admin of the database can run as they are, or a step for a person. */
export type Remedy = { readonly sql: string } | { readonly step: string };

/** One thing in a database, or in Hasura's metadata, by which tenants could meet. */
export interface Finding {
  /** Which of the fifteen checks, 1 to 15. */
  readonly check: number;
  /** Short and stable, for scripts: `rls-off`. */
  readonly id: string;
  /** What it is about: `app.notes`, `role strata_app`. */
  readonly object: string;
  /** What is wrong, and what somebody could do with it. */
  readonly problem: string;
  readonly remedy: Remedy;
}

/** `check` of the fifteen, as a constructor of its findings. */
export function findingsOf(check: number) {
  return (id: string, object: string, problem: string, remedy: Remedy): Finding => ({
    check,
    id,
    object,
    problem,
    remedy,
  });
}

export function sql(statement: string): Remedy {
  return { sql: statement };
}

export function step(text: string): Remedy {
  return { step: text };
}

/** By check, then by object, so that two audits of the same database read the same. */
export function inOrder(findings: readonly Finding[]): Finding[] {
  const key = ({ id, object, problem }: Finding): string => [object, id, problem].join('\0');
  return [...findings].sort(
    (a, b) => a.check - b.check || (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0),
  );
}
