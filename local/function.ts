import type { DeployedFunction } from './deploy/context.ts';
import type { FunctionStats, InvocationResult } from './lambda/function.ts';

/** A function of the local stack. */
export interface LocalFunction {
  readonly stack: string;
  readonly logicalId: string;
  readonly constructPath: string;
  readonly name: string;
  readonly arn: string;
  /** Its function URL, ending in a slash, if the template gives it one. */
  readonly url?: string;
  /** Invoke it and wait for the result; a function error is part of the result, not thrown. */
  invoke(event: unknown): Promise<InvocationResult>;
  /** End all its environments at once, as a crash of the machine would. */
  kill(): Promise<void>;
  stats(): FunctionStats;
}

/** The public face of a deployed function. */
export function localFunction({ resource, runner, url }: DeployedFunction): LocalFunction {
  return {
    stack: resource.stack,
    logicalId: resource.logicalId,
    constructPath: resource.constructPath,
    name: runner.definition.name,
    arn: runner.definition.arn,
    ...(url === undefined ? {} : { url }),
    invoke: (event) => runner.invoke(event),
    kill: () => runner.kill(),
    stats: () => runner.stats(),
  };
}
