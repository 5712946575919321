/** What an API key may be used for. */
export interface ApiKeyScope {
  /** `detections:write`: part of the public contract. */
  readonly name: string;
  readonly description: string;
  /** A key that is created without scopes has it. */
  readonly isDefault?: true;
}
