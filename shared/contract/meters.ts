/** Something that a feature counts and that can be sold by the unit. */
export interface Meter {
  readonly name: string;
  readonly description: string;
}

/** Declares a meter. */
export const defineMeter = (meter: Meter): Meter => meter;
