export const benchmarks = ['round-trips', 'detections', 'local'];

/** Installs the packages of what it compares with. */
export const benchmarksOnRequest = ['peers'];
