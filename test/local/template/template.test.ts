import { describe, expect, it } from 'vitest';
import {
  assetFolders,
  loadTemplate,
  type SettingError,
  Template,
  TemplateError,
} from '../../../local/template/template.ts';
import { writeMiniAssembly } from '../mini-assembly.ts';

const empty = { parameters: {}, conditions: {}, mappings: {}, outputs: {} };

/** Resolves a value as the property of a table in a stack beside another one that exports. */
function resolve(value: unknown, environment: Record<string, string> = {}): unknown {
  const stack = {
    name: 'Two',
    resources: {
      Table: { Type: 'AWS::DynamoDB::GlobalTable', Properties: { value } },
      Key: { Type: 'AWS::KMS::Key' },
      Absent: { Type: 'AWS::KMS::Key', Condition: 'Never' },
    },
    parameters: {
      Name: { Type: 'String', Default: 'given' },
      Many: { Type: 'CommaDelimitedList', Default: 'a,b' },
    },
    conditions: {
      Never: { 'Fn::Equals': ['a', 'b'] },
      Always: { 'Fn::Not': [{ Condition: 'Never' }] },
    },
    mappings: { Map: { top: { second: 'mapped' } } },
    outputs: {},
  };
  const exporting = {
    ...empty,
    name: 'One',
    resources: { Secret: { Type: 'AWS::SecretsManager::Secret' } },
    outputs: {
      Out: {
        Value: { Ref: 'Secret' },
        Export: { Name: { 'Fn::Sub': `\${AWS::StackName}:secret` } },
      },
    },
  };
  const template = new Template([exporting, stack], environment);
  template.readSecret = (secretId, key, stage) => `<${secretId}|${key}|${stage}>`;
  return template.ofType('AWS::DynamoDB::GlobalTable')[0]?.properties.value;
}

const secretArn = expect.stringMatching(
  /^arn:aws:secretsmanager:us-east-1:000000000000:secret:One-Secret-\w{6}$/,
);

describe('intrinsic functions', () => {
  it.each([
    [{ Ref: 'Table' }, 'Two-Table'],
    [{ Ref: 'Name' }, 'given'],
    [{ Ref: 'Many' }, ['a', 'b']],
    [{ Ref: 'AWS::Region' }, 'us-east-1'],
    [{ 'Fn::GetAtt': ['Table', 'Arn'] }, 'arn:aws:dynamodb:us-east-1:000000000000:table/Two-Table'],
    [{ 'Fn::GetAtt': 'Table.Arn' }, 'arn:aws:dynamodb:us-east-1:000000000000:table/Two-Table'],
    [{ 'Fn::Join': ['-', ['a', { Ref: 'Name' }]] }, 'a-given'],
    [{ 'Fn::Select': ['1', { 'Fn::Split': ['/', 'x/y/z'] }] }, 'y'],
    [
      { 'Fn::Sub': `\${Name} \${!Name} \${AWS::AccountId} \${Table.Arn}` },
      `given \${Name} 000000000000 arn:aws:dynamodb:us-east-1:000000000000:table/Two-Table`,
    ],
    [{ 'Fn::Sub': [`\${a}-\${Name}`, { a: { Ref: 'Many' } }] }, 'a,b-given'],
    [{ 'Fn::ImportValue': 'One:secret' }, secretArn],
    [{ 'Fn::If': ['Always', 1, 2] }, 1],
    [{ 'Fn::If': ['Never', 1, 2] }, 2],
    [{ 'Fn::FindInMap': ['Map', 'top', 'second'] }, 'mapped'],
    [{ a: { Ref: 'AWS::NoValue' }, b: [1, { Ref: 'AWS::NoValue' }] }, { b: [1] }],
    [
      { Condition: { StringLike: { a: { Ref: 'Name' } } } },
      { Condition: { StringLike: { a: 'given' } } },
    ],
  ])('resolves %j', (value, expected) => {
    expect(resolve(value)).toEqual(expected);
  });

  it('resolves secrets where the template names them', () => {
    const value = {
      'Fn::Join': [
        '',
        ['{{resolve:secretsmanager:', { 'Fn::ImportValue': 'One:secret' }, ':SecretString:key::}}'],
      ],
    };

    expect(resolve(value)).toMatch(
      /^<arn:aws:secretsmanager:us-east-1:000000000000:secret:One-Secret-\w{6}\|key\|AWSCURRENT>$/,
    );
  });

  it.each([
    { 'Fn::Cidr': ['10.0.0.0/8', 2, 8] },
    { 'Fn::GetAtt': ['Table', 'StreamArn'] },
    { 'Fn::GetAtt': ['Nothing', 'Arn'] },
    { 'Fn::ImportValue': 'nobody exports this' },
    { 'Fn::Select': ['9', ['a']] },
    { 'Fn::FindInMap': ['Map', 'top', 'third'] },
    { 'Fn::Join': ['', [{ a: 1 }]] },
    { Ref: 'Absent' },
    { Ref: 'AWS::NotificationARNs' },
    '{{resolve:ssm:name}}',
  ])('refuses %j, which it does not know', (value) => {
    expect(() => resolve(value)).toThrow(TemplateError);
  });
});

describe('a template', () => {
  it('with a type that the runner does not know is refused, by name', () => {
    const stack = { ...empty, name: 'One', resources: { Bus: { Type: 'AWS::Events::EventBus' } } };

    expect(() => new Template([stack], {})).toThrow(
      /One\.Bus: AWS::Events::EventBus is a type that the local runner does not know/,
    );
  });

  it('takes its parameters from variables and says which one is wrong', () => {
    const load = (environment: Record<string, string>) => {
      const mini = writeMiniAssembly();
      try {
        return loadTemplate(mini.assembly, environment).parameter('LimitsMultiplier');
      } finally {
        mini.remove();
      }
    };

    expect(load({})).toBe('1');
    expect(load({ LIMITS_MULTIPLIER: '25.5' })).toBe('25.5');
    const settingError = (message: string) =>
      expect.objectContaining<Partial<SettingError>>({ name: 'SettingError', message });
    expect(() => load({ LIMITS_MULTIPLIER: 'many' })).toThrow(
      settingError('LIMITS_MULTIPLIER must be a number'),
    );
    expect(() => load({ LIMITS_MULTIPLIER: '0' })).toThrow(
      settingError('LIMITS_MULTIPLIER must be at least 0.001'),
    );
    expect(() => load({ GREETING: 'HI' })).toThrow(settingError('GREETING must match [a-z]+'));
  });

  it('knows where its assets lie', () => {
    const mini = writeMiniAssembly();

    expect(assetFolders(mini.assembly).get('site')).toBe(`${mini.assembly}/asset.site`);
    mini.remove();
  });
});
