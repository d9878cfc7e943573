/** Everything that AWS tells page by page: `ask` is given the mark of a page, and says what is on it and what is next. */
export async function allPages<T>(
  ask: (mark?: string) => Promise<{ items?: readonly T[] | undefined; next?: string | undefined }>,
): Promise<T[]> {
  const all: T[] = [];
  let mark: string | undefined;
  do {
    const { items = [], next } = await ask(mark);
    all.push(...items);
    mark = next;
  } while (mark !== undefined);
  return all;
}
