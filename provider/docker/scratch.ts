/**
 * How scratch folders are mounted. They belong to the user by name: over a folder of the image the engine gives the
 * mount that folder's mode, which may let only its owner write. What stands there counts as the container's memory: a
 * folder takes half of that at most, so that a full one is an error of whoever writes and not the container's end.
 */
export function scratchOptions({
  user,
  memoryBytes,
}: {
  readonly user?: string | undefined;
  readonly memoryBytes?: number | undefined;
}): string {
  const [uid, gid] = user?.split(':') ?? [];
  const owner = uid !== undefined && gid !== undefined ? `uid=${uid},gid=${gid},` : '';
  const size = memoryBytes === undefined ? '' : `size=${Math.floor(memoryBytes / 2)},`;
  return `rw,noexec,nosuid,nodev,${size}${owner}mode=1777`;
}
