import type { Feature } from './feature.ts';

/** How a deployment may set a value: as a CloudFormation parameter. */
export interface ParameterRule {
  readonly default?: string;
  readonly allowedPattern?: string;
  readonly allowedValues?: readonly string[];
  readonly minLength?: number;
  readonly constraintDescription?: string;
}

/** A value that functions read from their environment. */
export interface Setting {
  /** Its environment variable. The CloudFormation parameter of SUPPORT_EMAIL is SupportEmail. */
  readonly variable: string;
  readonly description: string;
  /**
   * Where its value comes from: a parameter by the rule of the stage, a value that no deployment
   * changes, or the features that there are.
   */
  readonly value:
    | { readonly parameter: (stage: string) => ParameterRule | string }
    | { readonly from: (features: readonly Feature[]) => string };
}

/** `SUPPORT_EMAIL` as a parameter: `SupportEmail`. */
export const parameterName = ({ variable }: Setting): string =>
  variable.toLowerCase().replace(/(?:^|_)(\w)/g, (_, first: string) => first.toUpperCase());
