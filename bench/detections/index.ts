export const benchmarks = ['round-trips', 'detections', 'local'];
