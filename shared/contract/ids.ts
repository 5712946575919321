/** Ids of one kind: `tnt_01JD…`. */
export interface IdKind {
  /** Three letters that no other kind has. */
  readonly prefix: string;
  readonly of: string;
}
