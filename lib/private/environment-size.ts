import { Token, Tokenization } from 'aws-cdk-lib';

/** What all variables of a function may take, names included. Bytes; source: Lambda quotas. */
export const MAX_ENVIRONMENT_BYTES = 4_096;

/** A token's guess: the URL of a queue with the longest name in a region with a long one. Bytes. */
const TOKEN_BYTES = 134;
const NUMBER_TOKEN_BYTES = 10;
const PSEUDO_PARAMETER_BYTES: Readonly<Record<string, number>> = {
  'AWS::AccountId': 12,
  'AWS::Partition': 10,
  'AWS::Region': 14,
  'AWS::URLSuffix': 16,
};

/** Bytes of a value as JSON, its tokens guessed. */
export function jsonBytes(value: unknown): number {
  const guessed = JSON.stringify(value, (_key, item: unknown) => {
    if (typeof item === 'string') return withoutTokens(item);
    if (typeof item === 'number' && Token.isUnresolved(item)) return 10 ** (NUMBER_TOKEN_BYTES - 1);
    return item;
  });
  return Buffer.byteLength(guessed);
}

/** Bytes of a set of variables before resolution: names and values, tokens guessed. */
export function variablesBytes(variables: Readonly<Record<string, string>>): number {
  return Object.entries(variables).reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(withoutTokens(value)),
    0,
  );
}

/** Bytes of a set of variables as CloudFormation sees them: names and values, intrinsic functions guessed. */
export function resolvedVariablesBytes(variables: unknown): number {
  if (typeof variables !== 'object' || variables === null) return 0;
  return Object.entries(variables).reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + resolvedBytes(value),
    0,
  );
}

/** Whether a value holds a token anywhere. */
export function holdsToken(value: unknown): boolean {
  if (Token.isUnresolved(value)) return true;
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsToken);
}

function withoutTokens(text: string): string {
  return Tokenization.reverseString(text)
    .mapTokens({ mapToken: () => 'x'.repeat(TOKEN_BYTES) })
    .join({ join: (left: unknown, right: unknown) => `${left ?? ''}${right ?? ''}` });
}

function resolvedBytes(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (typeof value !== 'object' || value === null) return String(value).length;
  if ('Ref' in value && typeof value.Ref === 'string') {
    return PSEUDO_PARAMETER_BYTES[value.Ref] ?? TOKEN_BYTES;
  }
  if ('Fn::Join' in value && Array.isArray(value['Fn::Join'])) {
    const [, parts] = value['Fn::Join'];
    if (Array.isArray(parts)) return parts.reduce((sum: number, part) => sum + resolvedBytes(part), 0);
  }
  return TOKEN_BYTES;
}
