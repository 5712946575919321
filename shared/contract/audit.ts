/** Who did something: a person, an API key, an operator, the product by itself, or AWS Marketplace. */
export interface Actor {
  readonly kind: (typeof actorKinds)[number];
  readonly id: string;
}

export const actorKinds = ['user', 'api_key', 'operator', 'system', 'aws_marketplace'] as const;

/** Something that leaves an entry in the audit log of its tenant. */
export interface AuditKind {
  /** `api_key.created`: part of the public contract. */
  readonly type: string;
  /** What has happened, what the subject is, and the members of the data: ids and figures. */
  readonly description: string;
}

/** Declares a kind of audit entries. */
export const defineAuditKind = (kind: AuditKind): AuditKind => kind;
