import { Token } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { AnyFunction, ResilientConsumerProps } from '../resilient-consumer-props.ts';
import { DEFAULT_TIMEOUT } from './consumer-function.ts';
import { secondsOf } from './problems.ts';

/** Time-out of a function that says nothing. Seconds; source: CreateFunction in the Lambda API reference. */
const DEFAULT_TIMEOUT_SECONDS = 3;

/** The function of this app behind a function, an alias or a version; undefined for an imported one. */
export function ownFunction(target: AnyFunction): lambda.Function | undefined {
  if (target instanceof lambda.Function) return target;
  if (target instanceof lambda.Alias) return ownFunction(target.version.lambda);
  if (target instanceof lambda.Version) return ownFunction(target.lambda);
  return undefined;
}

/** Time-out of the function that is given or will be made. Seconds; undefined if a token, or the function is imported. */
export function timeoutSeconds(props: ResilientConsumerProps): number | undefined {
  if (props.function === undefined) return secondsOf(props.functionProps?.timeout ?? DEFAULT_TIMEOUT);
  const own = ownFunction(props.function);
  if (own === undefined) return undefined;
  return own.timeout === undefined ? DEFAULT_TIMEOUT_SECONDS : secondsOf(own.timeout);
}

/** The resource of a function of this app. */
export function resourceOf(target: AnyFunction): lambda.CfnFunction | undefined {
  const child = ownFunction(target)?.node.defaultChild;
  return child instanceof lambda.CfnFunction ? child : undefined;
}

/** Reserved concurrency, if there is one and it is known. */
export function reservedConcurrency(target: AnyFunction): number | undefined {
  const reserved = resourceOf(target)?.reservedConcurrentExecutions;
  return reserved === undefined || Token.isUnresolved(reserved) ? undefined : reserved;
}
