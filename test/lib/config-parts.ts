import { Duration } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import * as lambda from 'aws-cdk-lib/aws-lambda';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import { expect } from 'vitest';
import type { ConsumerSettings } from '../../lambdas/core/settings.ts';
import { ResilientConsumer, ResilientQueue, RuntimeConfig, SpillwayConfig } from '../../lib/index.ts';
import { Problems } from '../../lib/private/problems.ts';
import { stackWith } from './synth.ts';

/** A file with one circuit, one profile and one queue, and what is asked for in it. */
export function fileWith({ circuit = '', profile = '', queue = '' }: Parts): string {
  return `retryProfiles:
  gentle: { ${profile} }
circuits:
  tracker: { retry: gentle${circuit === '' ? '' : `, ${circuit}`} }
queues:
  orders: { circuits: [tracker]${queue === '' ? '' : `, ${queue}`} }
`;
}

/** What is asked for beside what each file has. */
export interface Parts {
  readonly circuit?: string;
  readonly profile?: string;
  readonly queue?: string;
  /** What the queue has that it is compared with. */
  readonly plain?: string;
  /** The consumer reads a configuration at run time, too. */
  readonly runtime?: true;
}

/** What synthesis makes of a file. */
export function built(
  text: string,
  runtime = false,
): { settings: ConsumerSettings; template: () => Template } {
  let settings: ConsumerSettings | undefined;
  const stack = stackWith((scope) => {
    const config = SpillwayConfig.fromText(text, 'spillway.yaml', scope);
    const queue = new ResilientQueue(scope, 'Orders', config.queueProps('orders'));
    const consumer = new ResilientConsumer(scope, 'Handler', {
      ...config.consumerProps('orders'),
      queue,
      function: target(scope),
      ...(runtime && { runtimeConfig: tuned(scope) }),
    });
    settings = consumer.settings;
  });
  expect(Problems.below(stack)).toEqual([]);
  if (settings === undefined) throw new Error('nothing was built');
  return { settings, template: () => Template.fromStack(stack) };
}

function tuned(scope: Construct): RuntimeConfig {
  return RuntimeConfig.parameter(new StringParameter(scope, 'Tuning', { stringValue: '{}' }));
}

/** A function whose code does not matter. */
export function target(scope: Construct, timeout = Duration.seconds(30)): lambda.Function {
  return new lambda.Function(scope, 'Function', {
    runtime: lambda.Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: lambda.Code.fromInline('exports.handler = async () => {};'),
    timeout,
  });
}
