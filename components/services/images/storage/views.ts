import type { FileRow } from './files';
import type { Rules } from './rules';

/** A file as callers see it. */
export interface FileView {
  readonly id: string;
  readonly name: string;
  readonly mimeType: string;
  readonly size: number;
  readonly visibility: FileRow['visibility'];
  readonly status: FileRow['status'];
  readonly ownerId: string | null;
  readonly sha256: string | null;
  readonly createdAt: string;
  /** Where anybody can read it; public files only. */
  readonly publicUrl?: string;
}

export function view(file: FileRow, slug: string, rules: Rules): FileView {
  const { id, name, mimeType, size, visibility, status, ownerId, sha256, createdAt } = file;
  return {
    id,
    name,
    mimeType,
    size,
    visibility,
    status,
    ownerId,
    sha256,
    createdAt,
    ...(visibility === 'public' && { publicUrl: `${rules.cdnUrl}/${slug}/${id}` }),
  };
}
