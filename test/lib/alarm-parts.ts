import type { Stack } from 'aws-cdk-lib';
import type { Template } from 'aws-cdk-lib/assertions';
import type { IAlarmAction } from 'aws-cdk-lib/aws-cloudwatch';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import { expect } from 'vitest';
import { type ResilientConsumer, type ResilientConsumerProps, RuntimeConfig } from '../../lib/index.ts';
import { consumerIn, synth } from './synth.ts';

export const ALARM = 'AWS::CloudWatch::Alarm';
export const COMPOSITE = 'AWS::CloudWatch::CompositeAlarm';
export const ACTION: IAlarmAction = { bind: () => ({ alarmActionArn: 'arn:aws:action' }) };

/** Ids of the alarms that are there without a controller, by level. */
export const ESSENTIAL = [
  'QueueAge',
  'WaitingCloseToExpiry',
  'CloseToExpiry',
  'DeadLetterDepth',
  'DeadLetterGrowth',
  'BackstopRedrives',
  'Poison',
  'QuarantineGrowth',
  'FunctionErrors',
  'NoRetryHelps',
];
/** All that a queue holds. */
export const HELD = ['ApproximateNumberOfMessagesVisible', 'ApproximateNumberOfMessagesNotVisible'];
export const ESSENTIAL_OF_INTAKE = [
  'OutageHandled',
  'ControlLoopSilent',
  'IntakeWithoutCause',
  'IntakePausedFor',
];

export const full = (props: Partial<ResilientConsumerProps> = {}) => ({
  template: synth((stack) => {
    consumerWith(stack, { observability: 'full', alarms: { deadLetterAny: true }, ...props });
  }),
});

export function consumerWith(stack: Stack, props: Partial<ResilientConsumerProps>): ResilientConsumer {
  const tuning = new StringParameter(stack, 'Tuning', { stringValue: '{}' });
  return consumerIn(stack, {
    consumerId: 'orders',
    runtimeConfig: RuntimeConfig.parameter(tuning),
    ...props,
  });
}

export function idsOf(props: Partial<ResilientConsumerProps>): string[] {
  let ids: string[] = [];
  synth((stack) => {
    ids = (consumerIn(stack, props).alarms?.alarms ?? []).map(({ node }) => node.id);
  });
  return ids;
}

export function properties(template: Template, id: string): Record<string, unknown> {
  const found = Object.entries(template.findResources(ALARM)).filter(([name]) =>
    new RegExp(`^ConsumerAlarms${id}[0-9A-F]{8}$`).test(name),
  );
  expect(found).toHaveLength(1);
  return found[0]?.[1].Properties;
}
