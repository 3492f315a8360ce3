import { expect, it } from 'vitest';
import { ResilientQueue } from '../../lib/index.ts';
import { synth } from './synth.ts';

it('makes a source, a dead-letter and a quarantine queue', () => {
  const { template } = synth((stack) => {
    new ResilientQueue(stack, 'Orders');
  });
  template.resourceCountIs('AWS::SQS::Queue', 3);
  expect(Object.keys(template.findResources('AWS::SQS::QueuePolicy'))).toHaveLength(3);
});
