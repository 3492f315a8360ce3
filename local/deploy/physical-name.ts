import { createHash } from 'node:crypto';

/**
 * The physical name of a resource that the template leaves to CloudFormation: stack name and logical id, as there, but
 * the same in every run. Too long a name ends in a hash.
 */
export function physicalName(stack: string, logicalId: string, maxLength: number): string {
  const name = `${stack}-${logicalId}`;
  if (name.length <= maxLength) return name;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${name.slice(0, maxLength - 9)}-${hash}`;
}

/** A UUID that depends on nothing but the text. */
export function stableUuid(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join(
    '-',
  );
}
