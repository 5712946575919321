/** Something that happened in a tenant and that others may want to know of. */
export interface EventKind {
  /** `tenant.updated`: part of the public contract. */
  readonly type: string;
  /** What has happened, and the members of its data: ids and figures, not whole records. */
  readonly description: string;
}
