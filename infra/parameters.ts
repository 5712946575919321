import { CfnCondition, CfnParameter, Fn } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { settings } from '../shared/contract/registry.ts';
import { parameterName, type Setting } from '../shared/contract/settings.ts';
import { features } from '../shared/features.ts';
import type { Stage } from './stage.ts';

/** How much the functions of a stack log. Metrics are written at every level. */
export function logLevelParameter(scope: Construct): CfnParameter {
  return new CfnParameter(scope, 'LogLevel', {
    default: 'INFO',
    allowedValues: ['INFO', 'WARN', 'ERROR'],
    description: 'Level from which on functions log',
  });
}

/** The values of all settings in a stage; makes a parameter for each that a deployment may change. */
export function settingValues(scope: Construct, stage: Stage): (setting: Setting) => string {
  const values = new Map(
    [...settings.values()].map((one) => [one, settingValue(scope, stage, one)]),
  );
  return (setting) => {
    const value = values.get(setting);
    if (value === undefined) throw new Error(`No feature has the setting ${setting.variable}`);
    return value;
  };
}

function settingValue(scope: Construct, stage: Stage, setting: Setting): string {
  const { value, description } = setting;
  if ('from' in value) return value.from(features);
  const rule = value.parameter(stage);
  if (typeof rule === 'string') return rule;
  const { allowedValues, ...rest } = rule;
  return new CfnParameter(scope, parameterName(setting), {
    description,
    ...rest,
    ...(allowedValues && { allowedValues: [...allowedValues] }),
  }).valueAsString;
}

/** A role that no account has: granting it grants nothing, where a policy must name one. */
const noRole = 'arn:aws:iam::000000000000:role/none';

/** The roles that settings name, as policies take them: a deployment may say `none`. */
export function roleArns(
  scope: Construct,
  settingOf: (setting: Setting) => string,
): (setting: Setting) => string {
  const conditions = new Map<Setting, CfnCondition>();
  return (setting) => {
    const arn = settingOf(setting);
    const condition =
      conditions.get(setting) ??
      new CfnCondition(scope, `Has${parameterName(setting)}`, {
        expression: Fn.conditionNot(Fn.conditionEquals(arn, 'none')),
      });
    conditions.set(setting, condition);
    return Fn.conditionIf(condition.logicalId, arn, noRole).toString();
  };
}
