import { expect, it } from 'vitest';
import type { DeferralCause, PipelineEvent } from '../../lambdas/core/events.ts';
import { needsPerson } from '../../lambdas/core/needs-person.ts';
import { receivedMessage } from './fixtures.ts';

const error = { name: 'Error', message: 'm', fingerprint: 'abcdefabcdef' };
const source = 'parameter';
const refused: PipelineEvent = { kind: 'configuration-refused', source, version: '1', problems: [] };
const good: PipelineEvent = { kind: 'configuration-unchanged', source };
const deferred = (cause: DeferralCause): PipelineEvent => ({
  kind: 'deferred',
  message: receivedMessage(),
  cause,
  delaySeconds: 1,
});

function asked(...events: PipelineEvent[]): boolean[] {
  const watch = needsPerson();
  for (const event of events) watch.hear(event);
  return [watch.ask(), watch.ask()];
}

it.each<[string, PipelineEvent]>([
  ['SQS refuses a settlement', { kind: 'settlement-error', operation: 'send', error }],
  ['the deployment is at fault', deferred('misconfigured')],
  ['Spillway is at fault', deferred('internal-error')],
  ['its intake is held', deferred('held')],
  ['its queue has halted', deferred('halted')],
  ['its queue halts', { kind: 'halted', message: receivedMessage() }],
  ['its kill switch goes on', { kind: 'kill-switch', fault: 'f', error: 'Error', count: 10, begun: 10 }],
])('needs one while %s, and not any more in the next invocation', (_why, event) => {
  expect(asked(event)).toEqual([true, false]);
});

it.each<[string, PipelineEvent]>([
  ['the state table does not answer', deferred('store-unavailable')],
  ['a call to it failed', { kind: 'store-error', operation: 'load', error }],
  ['the circuit of a dependency is open', deferred('circuit-open')],
  ['the kill switch still counts', deferred('kill-switch')],
  ['a circuit refuses', { kind: 'circuit-rejected', circuit: 'tracker' }],
  ['a configuration cannot be read', { kind: 'configuration-unavailable', source, error }],
])('needs none because %s', (_why, event) => {
  expect(asked(event)).toEqual([false, false]);
});

it('needs one for a refused configuration until a look finds a good one', () => {
  const applied = { kind: 'configuration-applied', source, version: '2', changes: [], ignored: [] } as const;
  expect(asked(refused)).toEqual([true, true]);
  expect(asked(refused, { kind: 'configuration-unavailable', source, error })).toEqual([true, true]);
  expect(asked(refused, good)).toEqual([false, false]);
  expect(asked(refused, applied)).toEqual([false, false]);
  expect(asked(good, refused)).toEqual([true, true]);
});

it('needs one as long as idempotency is off', () => {
  expect(asked({ kind: 'idempotency-disabled' }, good)).toEqual([true, true]);
});
