import { join } from 'node:path';
import { Duration, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import {
  Backoff,
  IntakeController,
  ResilientConsumer,
  type ResilientConsumerProps,
  ResilientQueue,
} from 'spillway';
import { COMMON, SPILLWAY, scaledMs, scaledSeconds } from '../contenders.ts';
import { type BenchProps, functionProps, outputs } from './common.ts';

/** Everything about our consumer that has a time in it: the defaults, scaled. */
function scaledProps(scale: number): Pick<ResilientConsumerProps, 'backoff' | 'circuits' | 'killSwitch'> {
  const scaled = (ms: number): Duration => Duration.millis(scaledMs(ms, scale));
  const { openForMs, maxOpenForMs, windowMs, cacheForMs } = SPILLWAY.circuit;
  const { firstDelayMs, capMs } = SPILLWAY.backoff;
  const { killSwitch } = SPILLWAY;
  return {
    backoff: Backoff.fullJitter({ firstDelay: scaled(firstDelayMs), cap: scaled(capMs) }),
    circuits: {
      tracker: {
        openFor: scaled(openForMs),
        maxOpenFor: scaled(maxOpenForMs),
        window: scaled(windowMs),
        cacheFor: scaled(cacheForMs),
      },
    },
    killSwitch: {
      window: scaled(killSwitch.windowMs),
      openFor: scaled(killSwitch.openForMs),
      maxOpenFor: scaled(killSwitch.maxOpenForMs),
    },
  };
}

/** Ours: the defaults. */
export class SpillwayStack extends Stack {
  constructor(scope: Construct, id: string, props: BenchProps) {
    super(scope, id);
    const queue = new ResilientQueue(this, 'Orders', {
      visibilityTimeout: Duration.millis(COMMON.visibilityMs),
    });
    const consumer = new ResilientConsumer(this, 'Consumer', {
      queue,
      entry: join(import.meta.dirname, 'spillway.ts'),
      consumerId: 'bench',
      functionProps: functionProps(props),
      batchSize: COMMON.batchSize,
      maxConcurrency: COMMON.maxConcurrency,
      ...scaledProps(props.scale),
      intake: new IntakeController(this, 'Intake', {
        rampStep: Duration.seconds(scaledSeconds(SPILLWAY.rampStepMs, props.scale)),
      }),
    });
    outputs(this, { queue, deadLetters: consumer.deadLetterQueue, consumer: consumer.function });
  }
}
