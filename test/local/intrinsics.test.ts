// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Fn::Sub has variables of its own
import { describe, expect, it } from 'vitest';
import { conditionHolds, type IntrinsicScope, resolveValue } from '../../local/assembly/intrinsics.ts';
import { UnresolvedReferenceError, UnsupportedIntrinsicError } from '../../local/errors.ts';

const LOCATION = { stack: 'App', logicalId: 'Queue', path: 'Properties.Name' };
const VALUES: Record<string, unknown> = {
  Name: 'orders',
  'AWS::Region': 'us-east-1',
  'AWS::NoValue': undefined,
};

const scope: IntrinsicScope = {
  stack: 'App',
  mappings: { Sizes: { prod: { batch: 10 } } },
  conditions: {
    IsProd: { 'Fn::Equals': [{ Ref: 'AWS::Region' }, 'us-east-1'] },
    NotProd: { 'Fn::Not': [{ Condition: 'IsProd' }] },
    Both: { 'Fn::And': [{ Condition: 'IsProd' }, { Condition: 'NotProd' }] },
    Either: { 'Fn::Or': [{ Condition: 'IsProd' }, { Condition: 'NotProd' }] },
    Odd: { 'Fn::Contains': [] },
  },
  ref: (name) => VALUES[name],
  attribute: (logicalId, attribute) => `${logicalId}/${attribute}`,
  importValue: (name) => `imported ${name}`,
};
const resolve = (value: unknown): unknown => resolveValue(value, scope, LOCATION);

describe('intrinsic functions', () => {
  it.each([
    ['Ref', { Ref: 'Name' }, 'orders'],
    ['Fn::GetAtt as a list', { 'Fn::GetAtt': ['Dlq', 'Arn'] }, 'Dlq/Arn'],
    ['Fn::GetAtt as text', { 'Fn::GetAtt': 'Nested.Outputs.Url' }, 'Nested/Outputs.Url'],
    ['Fn::Join', { 'Fn::Join': ['-', ['a', { Ref: 'Name' }, 1]] }, 'a-orders-1'],
    ['Fn::Join of a split', { 'Fn::Join': ['+', { 'Fn::Split': ['-', 'a-b'] }] }, 'a+b'],
    ['Fn::Sub', { 'Fn::Sub': 'x-${Name}-${Dlq.Arn}-${!Name}' }, 'x-orders-Dlq/Arn-${Name}'],
    [
      'Fn::Sub with variables',
      { 'Fn::Sub': ['${a}-${Name}', { a: { Ref: 'AWS::Region' } }] },
      'us-east-1-orders',
    ],
    ['Fn::Select', { 'Fn::Select': ['1', ['a', 'b']] }, 'b'],
    ['Fn::Select of a split', { 'Fn::Select': [2, { 'Fn::Split': ['/', 'a/b/c'] }] }, 'c'],
    ['Fn::If, true', { 'Fn::If': ['IsProd', 1, 2] }, 1],
    ['Fn::If, false', { 'Fn::If': ['NotProd', 1, { Ref: 'Name' }] }, 'orders'],
    ['Fn::FindInMap', { 'Fn::FindInMap': ['Sizes', 'prod', 'batch'] }, 10],
    ['Fn::ImportValue', { 'Fn::ImportValue': { 'Fn::Sub': '${Name}-arn' } }, 'imported orders-arn'],
    ['Fn::Base64', { 'Fn::Base64': 'hi' }, 'aGk='],
  ])('resolves %s', (_name, value, expected) => {
    expect(resolve({ deep: [value] })).toEqual({ deep: [expected] });
  });

  it('removes what AWS::NoValue stands for, also through Fn::If', () => {
    const none = { Ref: 'AWS::NoValue' };
    expect(resolve({ a: none, b: [none, 1], c: { 'Fn::If': ['IsProd', none, 1] } })).toEqual({ b: [1] });
  });

  it('leaves an object alone that only looks like a condition', () => {
    expect(resolve({ Condition: { StringEquals: 'x' } })).toEqual({ Condition: { StringEquals: 'x' } });
  });

  it.each([
    ['IsProd', true],
    ['NotProd', false],
    ['Both', false],
    ['Either', true],
  ])('evaluates the condition %s', (name, expected) => {
    expect(conditionHolds(name, scope, LOCATION)).toBe(expected);
  });
});

describe('what cannot be resolved', () => {
  it('names an unknown function, its stack, resource and property', () => {
    expect(() => resolve({ List: [{ 'Fn::Cidr': ['10.0.0.0/16', 1] }] })).toThrow(
      new UnsupportedIntrinsicError('Fn::Cidr', { ...LOCATION, path: 'Properties.Name.List.0' }),
    );
    expect(() => resolve({ 'Fn::Cidr': [] })).toThrow(
      'unsupported intrinsic function Fn::Cidr at Properties.Name of Queue in stack App',
    );
  });

  it('names an unknown function in a condition', () => {
    expect(() => conditionHolds('Odd', scope, LOCATION)).toThrow(
      'unsupported intrinsic function Fn::Contains',
    );
  });

  it('refuses a condition or mapping that does not exist', () => {
    expect(() => conditionHolds('None', scope, LOCATION)).toThrow(UnresolvedReferenceError);
    expect(() => resolve({ 'Fn::FindInMap': ['Sizes', 'dev', 'batch'] })).toThrow('Sizes.dev.batch');
  });

  it('refuses a selection outside of the list', () => {
    expect(() => resolve({ 'Fn::Select': [2, ['a']] })).toThrow('index 2 is outside of 1 items');
  });
});
