import { createHash } from 'node:crypto';
import { Stack, Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/** What consumers and circuits may be called. */
export const NAME = /^[A-Za-z0-9_.-]{1,64}$/;
/** The same, in words. */
export const NAME_RULE = 'must be 1 to 64 letters, digits, dots, hyphens or underscores';

/** Most characters of a queue's name, `.fifo` included. */
export const MAX_QUEUE_NAME = 80;

/**
 * Name for a physical resource that is known at synthesis and stable while the construct's path is: what is readable
 * of the path from the top-level stack down, and a hash of the whole of it. Nested stacks count as path.
 */
export function deterministicName(construct: IConstruct, maxLength: number): string {
  let top = Stack.of(construct);
  while (top.nestedStackParent !== undefined) top = top.nestedStackParent;
  const stackName = Token.isUnresolved(top.stackName) ? top.node.id : top.stackName;
  const below = construct.node.scopes.slice(top.node.scopes.length).map((scope) => scope.node.id);
  const path = [stackName, ...below];
  const hash = createHash('sha256').update(path.join('/')).digest('hex').slice(0, 8);
  const readable = path.map((part) => part.replace(/[^A-Za-z0-9_-]/g, '')).join('-');
  return `${readable.slice(0, maxLength - hash.length - 1)}-${hash}`;
}
