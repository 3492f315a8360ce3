import { App, Stack, Validations } from 'aws-cdk-lib';
import type { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { CfnQueue, Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { AwsSolutionsChecks } from 'cdk-nag';
import { describe, expect, it } from 'vitest';
import { PriorityLanes, ResilienceDashboard, ResilientQueue } from '../../lib/index.ts';
import { consumerIn, ENTRY, UNBUNDLED } from './synth.ts';

/** Synthesize with cdk-nag and CloudFormation's own rules as errors. */
function check(build: (stack: Stack) => void): () => void {
  const app = new App({ context: { ...UNBUNDLED, '@aws-cdk/core:validateAgainstDefaultRules': true } });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  build(new Stack(app, 'Shop'));
  return () => {
    app.synth();
  };
}

describe('cdk-nag and the rules of CloudFormation find nothing', () => {
  it('in a consumer with all that comes with it', () => {
    const all = check((stack) => {
      const alarmTopic = new Topic(stack, 'Pager', { enforceSSL: true });
      const orders = consumerIn(stack, { alarms: { alarmTopic } }, 'Orders');
      const queue = new ResilientQueue(stack, 'Fifo', { fifo: true, encryption: QueueEncryption.KMS });
      new ResilienceDashboard(stack, 'Dashboard', {
        consumers: [orders, consumerIn(stack, { queue }, 'Fifth')],
      });
    });
    expect(all).not.toThrow();
  });

  it('in a wrapped queue, imported or not', () => {
    const wrapped = check((stack) => {
      consumerIn(stack, { queue: new Queue(stack, 'Plain', { enforceSSL: true }) }, 'One');
      const arn = 'arn:aws:sqs:eu-west-1:111122223333:orders';
      consumerIn(stack, { queue: Queue.fromQueueArn(stack, 'Imported', arn) }, 'Two');
    });
    expect(wrapped).not.toThrow();
  });

  it('in priority lanes, with a producer and a key', () => {
    const lanes = check((stack) => {
      const queues = { encryption: QueueEncryption.KMS };
      const orders = new PriorityLanes(stack, 'Orders', { entry: ENTRY, maxConcurrency: 8, queues });
      orders.connectProducer(consumerIn(stack, {}, 'Producer').function as NodejsFunction);
      new ResilienceDashboard(stack, 'Dashboard', { consumers: orders.consumers });
    });
    expect(lanes).not.toThrow();
  });

  it('and would find what is wrong', () => {
    expect(check((stack) => new CfnQueue(stack, 'Bare'))).toThrow();
  });
});
