const units = { K: 1024, M: 1024 ** 2, G: 1024 ** 3 } as const;

/** Bytes of a size that was checked, such as `512M`. */
export function bytesOf(size: string): number {
  return Number.parseInt(size, 10) * units[size.slice(-1) as keyof typeof units];
}

/** The same in MiB: `2G` → 2048. */
export function mebibytes(size: string): number {
  return bytesOf(size) / units.M;
}
