import type { Logger } from '@aws-lambda-powertools/logger';
import type { Clock, Random } from '../core/clock.ts';
import { ConfigurationError } from '../core/errors.ts';
import type { EventSink } from '../core/events.ts';
import { quiet } from '../core/policies/quiet-sink.ts';
import { systemClock } from './system-clock.ts';
import { powertoolsTelemetry } from './telemetry.ts';
import { policyMetrics } from './telemetry-metrics.ts';

/** Options that every policy takes. */
export interface PolicyOptions {
  /** Name of the policy. 1 to 64 letters, digits, dots, hyphens or underscores. */
  readonly name: string;
  /**
   * Whether what the policy does becomes metrics (CloudWatch's embedded metric format, on standard output) and log
   * lines.
   *
   * @default true
   */
  readonly telemetry?: boolean;
  /** Value of the metrics' dimension `service`. @default - POWERTOOLS_SERVICE_NAME, or the policy's name */
  readonly service?: string;
  /** Logger to use. @default - a Powertools logger named after the service */
  readonly logger?: Logger;
  /** Where time comes from. @default - the machine */
  readonly clock?: Clock;
  /** Where chance comes from. @default Math.random */
  readonly random?: Random;
}

/** What a policy is made of beside its settings. */
export interface PolicyParts {
  readonly name: string;
  readonly emit: EventSink;
  readonly clock: Clock;
  readonly random: Random;
}

const NAME = /^[A-Za-z0-9_.-]{1,64}$/;

/**
 * The parts that the common options stand for, and the options that are the policy's own.
 *
 * @throws {ConfigurationError} if the name breaks its rule
 */
export function policyParts<O extends PolicyOptions>(
  subject: string,
  options: O,
): readonly [PolicyParts, Omit<O, keyof PolicyOptions>] {
  const {
    name,
    telemetry = true,
    service = process.env.POWERTOOLS_SERVICE_NAME ?? name,
    logger,
    clock = systemClock,
    random = Math.random,
    ...own
  } = options;
  if (!NAME.test(name)) {
    const rule = 'must be 1 to 64 letters, digits, dots, hyphens or underscores';
    throw new ConfigurationError(subject, [{ option: 'name', rule, value: name }]);
  }
  const told = telemetry ? powertoolsTelemetry(service, policyMetrics(service), logger) : undefined;
  const emit = quiet((event) => {
    told?.emit(event);
    told?.flush();
  });
  return [{ name, emit, clock, random }, own];
}

/**
 * The table that a policy is shared through, if there is to be one.
 *
 * @throws {ConfigurationError} if it is given and empty, as a variable is that nobody has set: what was to be shared
 * would be each process's own, and nobody would notice
 */
export function sharedTable(
  subject: string,
  options: { readonly table?: string | undefined },
): string | undefined {
  if (!('table' in options)) return undefined;
  if (options.table !== undefined && options.table !== '') return options.table;
  const rule =
    "must be the name of the state table, or be left out for a limit or circuit of this process's own";
  throw new ConfigurationError(subject, [{ option: 'table', rule, value: options.table }]);
}
