/** Seconds by which the clocks of two containers may differ. */
export const leewaySeconds = 5;
