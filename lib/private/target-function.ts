import { Token } from 'aws-cdk-lib';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import type { AnyFunction } from '../resilient-consumer-props.ts';

/** Time-out of a function that says nothing. Seconds; source: CreateFunction in the Lambda API reference. */
const DEFAULT_TIMEOUT_SECONDS = 3;

/** The function of this app behind a function, an alias or a version; undefined for an imported one. */
export function ownFunction(target: AnyFunction): lambda.Function | undefined {
  if (target instanceof lambda.Function) return target;
  if (target instanceof lambda.Alias) return ownFunction(target.version.lambda);
  if (target instanceof lambda.Version) return ownFunction(target.lambda);
  return undefined;
}

/** Time-out in seconds; undefined if it is a token or the function is imported. */
export function timeoutSeconds(target: AnyFunction): number | undefined {
  const own = ownFunction(target);
  if (own === undefined) return undefined;
  if (own.timeout === undefined) return DEFAULT_TIMEOUT_SECONDS;
  return own.timeout.isUnresolved() ? undefined : own.timeout.toSeconds({ integral: false });
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
