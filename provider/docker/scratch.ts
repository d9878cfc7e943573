/**
 * How scratch folders are mounted. They belong to the user by name: over a folder of the image the engine gives the
 * mount that folder's mode, which may let only its owner write.
 */
export function scratchOptions({ user }: { readonly user?: string | undefined }): string {
  const [uid, gid] = user?.split(':') ?? [];
  const owner = uid !== undefined && gid !== undefined ? `uid=${uid},gid=${gid},` : '';
  return `rw,noexec,nosuid,nodev,${owner}mode=1777`;
}
