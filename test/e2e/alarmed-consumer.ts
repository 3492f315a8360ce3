import {
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { vi } from 'vitest';
import type { LocalAlarm } from '../../local/index.ts';
import { SCENARIOS, type ScenarioName } from './alarm-scenarios.ts';
import type { DeployedApp } from './deploy-app.ts';

const PATIENCE_MS = 200_000;

/** Wait until something is so; `what` says what is still missing. */
export const until = (condition: () => unknown, what: () => unknown = () => condition): Promise<unknown> =>
  vi.waitFor(
    async () => {
      if (!(await condition())) throw new Error(`not yet: ${what()}`);
    },
    { timeout: PATIENCE_MS, interval: 100 },
  );

/** What a test does to a consumer of the fixture `alarms`, and sees of it. */
export function alarmedConsumer(app: DeployedApp, name: ScenarioName) {
  const { stack, outputs, sqs } = app;
  const queueUrl = outputs[`${name}QueueUrl`] ?? '';
  const letters = stack.queue(outputs[`${name}DeadLetterQueueUrl`] ?? '');
  const alarms = new Map(
    stack.cloudwatch.alarms
      .filter(({ constructPath }) => constructPath.startsWith(`Alarms/${name}/`))
      .map((alarm): [string, LocalAlarm] => [alarm.constructPath.split('/')[3] ?? '', alarm]),
  );
  return {
    name,
    alarms,
    letters,
    async send(bodies: readonly unknown[]): Promise<void> {
      for (let at = 0; at < bodies.length; at += 10) {
        const Entries = bodies
          .slice(at, at + 10)
          .map((body, index) => ({ Id: `${index}`, MessageBody: JSON.stringify(body) }));
        await sqs.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
      }
    },
    /** Wait until all alarms are on that should be. */
    ringing: () => {
      const missing = (): string[] =>
        Object.keys(SCENARIOS[name].rings).filter((id) => alarms.get(id)?.state !== 'ALARM');
      return until(
        () => missing().length === 0,
        () => `${name}: ${missing()}`,
      );
    },
    /** Send dead letters back, as one does once the cause is mended. */
    async replay(): Promise<void> {
      for (;;) {
        const asked = { QueueUrl: letters.url, MaxNumberOfMessages: 10 };
        const { Messages = [] } = await sqs.send(new ReceiveMessageCommand(asked));
        if (Messages.length === 0) return;
        for (const { Body: MessageBody, ReceiptHandle } of Messages) {
          await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody }));
          await sqs.send(new DeleteMessageCommand({ QueueUrl: letters.url, ReceiptHandle }));
        }
      }
    },
  };
}
