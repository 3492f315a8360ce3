import { ACCOUNT } from '../account.ts';
import type { AssemblyStack } from '../assembly/assembly.ts';
import { type TemplateLocation, UnresolvedReferenceError } from '../errors.ts';
import { stableUuid } from './physical-name.ts';

/**
 * The value of a pseudo parameter such as `AWS::Region`; `AWS::NoValue` is `undefined`.
 *
 * @throws {UnresolvedReferenceError} if there is no such pseudo parameter
 */
export function pseudoParameter(name: string, stack: AssemblyStack, location: TemplateLocation): unknown {
  switch (name) {
    case 'AWS::AccountId':
      return ACCOUNT;
    case 'AWS::Region':
      return stack.region;
    case 'AWS::Partition':
      return 'aws';
    case 'AWS::URLSuffix':
      return 'amazonaws.com';
    case 'AWS::StackName':
      return stack.name;
    case 'AWS::StackId':
      return `arn:aws:cloudformation:${stack.region}:${ACCOUNT}:stack/${stack.name}/${stableUuid(stack.name)}`;
    case 'AWS::NotificationARNs':
      return [];
    case 'AWS::NoValue':
      return undefined;
    default:
      throw new UnresolvedReferenceError(name, location, 'no such pseudo parameter');
  }
}
