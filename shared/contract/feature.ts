import type { BackgroundFunction } from './background.ts';
import type { Endpoint } from './endpoint.ts';
import type { ErrorKind } from './errors.ts';
import type { Limit } from './limits.ts';

/**
 * What an area of the product is made of: data, without code of the area itself, so that whoever
 * reads it (infra, documents, tests, the local cloud) loads no SDK. `shared/features.ts` lists all.
 */
export interface Feature {
  /** Name of its folder in every room: `shared/<id>`, `functions/<id>`, `web/<id>` … */
  readonly id: string;
  /** The core stays. A vendor takes all others out, or puts their own beside them. */
  readonly isCore?: true;
  /** Features whose code this one imports. The core is there for all. */
  readonly uses?: readonly string[];
  readonly endpoints?: readonly Endpoint[];
  readonly workers?: readonly BackgroundFunction[];
  readonly errors?: readonly ErrorKind[];
  readonly limits?: readonly Limit[];
}

/** Declares a feature. */
export const defineFeature = (feature: Feature): Feature => feature;
