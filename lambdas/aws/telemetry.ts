import { Logger } from '@aws-lambda-powertools/logger';
import type { Logger as CoreLogger } from '../core/context.ts';
import type { EventSink } from '../core/events.ts';
import type { ReceivedMessage } from '../core/message.ts';
import { currentMessage } from './message-context.ts';
import { idsOf, log } from './telemetry-log.ts';
import type { ConsumerMetrics } from './telemetry-metrics.ts';

/** Metrics and log lines of a consumer. */
export interface Telemetry {
  readonly emit: EventSink;
  readonly loggerFor: (message: ReceivedMessage) => CoreLogger;
  /** Write out the metrics that were gathered. */
  flush(): void;
}

/**
 * Telemetry by Powertools: CloudWatch's embedded metric format and structured logs. Neither holds payloads, and log
 * lines hold no error messages either, since those like to quote payloads: an error is told by its name and its
 * fingerprint, and in full in the failure envelope.
 */
export function powertoolsTelemetry(
  consumerId: string,
  { measure, flush }: ConsumerMetrics,
  functionLogger?: Logger,
): Telemetry {
  const logger = functionLogger ?? new Logger({ serviceName: consumerId });
  return {
    emit(event) {
      measure(event);
      log(logger, event, currentMessage());
    },
    flush,
    loggerFor: (message) => coreLogger(logger.createChild({ persistentKeys: idsOf(message) })),
  };
}

function coreLogger(logger: Logger): CoreLogger {
  return {
    debug: (message, details = {}) => logger.debug(message, details),
    info: (message, details = {}) => logger.info(message, details),
    warn: (message, details = {}) => logger.warn(message, details),
    error: (message, details = {}) => logger.error(message, details),
  };
}
