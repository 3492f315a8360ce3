import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { IntakeController } from '../intake-controller.ts';
import type { ResilientConsumerProps } from '../resilient-consumer-props.ts';
import type { StateTable } from '../state-table.ts';
import type { Problems } from './problems.ts';

/**
 * The controller that pauses a consumer's event source; undefined if there is none, or none that can.
 *
 * It has to be in the stack of the function, where the event source is: it names the event source, and the function
 * names its queue, so that of two stacks each would need the other first.
 */
export function controllerOf(
  consumer: Construct,
  { intake, function: target }: Pick<ResilientConsumerProps, 'intake' | 'function'>,
  stateTable: StateTable,
  problems: Problems,
): IntakeController | undefined {
  if (intake === false) return undefined;
  const stack = Stack.of(target ?? consumer);
  if (intake === undefined) return IntakeController.of(stack, stateTable);
  if (typeof intake !== 'object') {
    problems.add(
      'intake',
      'must be an IntakeController, or false',
      intake,
      'it is what pauses the event source',
    );
    return undefined;
  }
  const { path } = intake.node;
  if (Stack.of(intake) !== stack) {
    const because =
      'it names the event source, and the function its queue: two stacks would need each other first';
    problems.add('intake', "must be a controller of the function's own stack", path, because);
    return undefined;
  }
  if (!isSameTable(intake.stateTable, stateTable, stack)) {
    const because = 'that is where it reads which circuits are open';
    problems.add('intake', "must use the consumer's stateTable", path, because);
    return undefined;
  }
  return intake;
}

/** Whether two constructs stand for one table, as far as a stack can tell. */
export function isSameTable(one: StateTable, other: StateTable, stack: Stack): boolean {
  const [first, second] = [one, other].map(({ tableName }) => JSON.stringify(stack.resolve(tableName)));
  return one === other || first === second;
}
