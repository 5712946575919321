import { pipeline, type Readable, Transform } from 'node:stream';
import { preludeDelimiter } from '../lambda/awslambda.ts';

/** Metadata and delimiter must lie within the first 16 KB. */
const maxPreludeBytes = 16 * 1024;

/**
 * Parts what a function streams into its metadata and its payload. The two streams end, fail and are
 * destroyed together. Rejects for a stream that does not begin so, and with what it failed with.
 */
export function partStream(source: Readable): Promise<{ metadata: string; payload: Readable }> {
  const parted = Promise.withResolvers<{ metadata: string; payload: Readable }>();
  let prelude = Buffer.alloc(0);
  let isParted = false;
  const payload = new Transform({
    transform: (chunk: Buffer, _, done) => {
      if (isParted) return done(null, chunk);
      prelude = Buffer.concat([prelude, chunk]);
      const end = prelude.subarray(0, maxPreludeBytes).indexOf(preludeDelimiter);
      if (end < 0) return done(prelude.length < maxPreludeBytes ? null : malformed());
      isParted = true;
      parted.resolve({ metadata: prelude.subarray(0, end).toString(), payload });
      return done(null, prelude.subarray(end + preludeDelimiter.length));
    },
    flush: (done) => done(isParted ? null : malformed()),
  });
  pipeline(source, payload, (error) => error && parted.reject(error));
  return parted.promise;
}

const malformed = () => new Error('malformed Lambda proxy response');
