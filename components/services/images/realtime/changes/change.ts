/** That a row has changed, without what is in it. */
export interface Change {
  /** UUID. */
  readonly tenantId: string;
  /** As the declaration names it: `app.notes`. */
  readonly table: string;
  readonly operation: 'INSERT' | 'UPDATE' | 'DELETE';
  /** Its primary key, without `tenant_id`. */
  readonly key: Readonly<Record<string, unknown>>;
  /** UUID of the user whose row it is, or was before it was deleted; undefined where it is nobody's. */
  readonly owner?: string;
  /** When it was written, in ISO 8601; others see it from the end of its transaction on. */
  readonly at: string;
}
