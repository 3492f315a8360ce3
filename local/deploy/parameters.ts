import { ACCOUNT } from '../account.ts';
import { stringAt } from '../json.ts';
import type { Player } from './context.ts';

/** Create a parameter of Parameter Store. */
export const playParameter: Player = (resource, context) => {
  const properties = resource.properties();
  context.parameters.add({
    arn: parameterArn(resource, resource.physicalId),
    name: resource.physicalId,
    type: stringAt(properties, 'Type') ?? 'String',
    tier: stringAt(properties, 'Tier') ?? 'Standard',
    value: stringAt(properties, 'Value') ?? '',
  });
};

/** ARN of a parameter: a name that begins with a slash brings the separator along. */
export function parameterArn({ region }: { readonly region: string }, name: string): string {
  return `arn:aws:ssm:${region}:${ACCOUNT}:parameter${name.startsWith('/') ? '' : '/'}${name}`;
}
