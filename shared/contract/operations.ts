import type * as z from 'zod/mini';
import type { BackgroundFunction } from './background.ts';

/**
 * Something that the vendor's operators do: a function that no route leads to. Whoever may invoke it by
 * IAM may do it, with `npm run operator -- <command>`.
 */
export interface Operation<I extends z.ZodMiniObject = z.ZodMiniObject> extends BackgroundFunction {
  /** The words that call it: `tenants show`. */
  readonly command: string;
  readonly input: I;
  /** Members of the input that are given by their place, in this order; the others are options. */
  readonly positional: readonly string[];
  /** What it changes, for people to confirm. One without only reads. */
  readonly changes?: string;
}

/**
 * The name of an operation's function, the same in every account: `Tenantry-prod-operator-show-tenant`.
 * Policies of IAM can name one, or all of a stage.
 */
export const operationFunctionName = (stage: string, { id }: Pick<Operation, 'id'>): string =>
  `Tenantry-${stage}-${id.replaceAll('/', '-')}`;

/** Declares an operation and keeps the type of its input. */
export const defineOperation = <I extends z.ZodMiniObject>(operation: Operation<I>): Operation<I> =>
  operation;

/** What an operator's function is invoked with. */
export interface OperatorCall {
  /** Who calls, as the command knows them; who really did is in CloudTrail. */
  readonly operator: string;
  readonly input: unknown;
}

/** What an operator's function answers. */
export type OperatorAnswer =
  | { readonly ok: true; readonly result: Readonly<Record<string, unknown>> }
  | {
      readonly ok: false;
      readonly problem: {
        readonly code: string;
        readonly status: number;
        readonly detail: string;
        readonly errors?: readonly { readonly pointer: string; readonly detail: string }[];
      };
    };
