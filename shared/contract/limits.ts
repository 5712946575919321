/**
 * At most `quota` of something in a window of `windowSeconds`, per subject. Windows are fixed and
 * aligned to the clock. LIMITS_MULTIPLIER scales the quotas.
 */
export interface Limit {
  /** What is limited and per what: `login.address`. */
  readonly name: string;
  readonly quota: number;
  readonly windowSeconds: number;
}
