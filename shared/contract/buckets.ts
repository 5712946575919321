/** A bucket in S3 that the data stack has. A function that may use it finds its name in `variable`. */
export interface Bucket {
  readonly name: string;
  readonly variable: string;
  readonly description: string;
}

export type BucketAction = 'PutObject' | 'GetObject' | 'ListBucket';
