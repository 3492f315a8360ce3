import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dynamoRecords } from '../../lambdas/aws/dynamo-records.ts';
import { powertoolsGuard } from '../../lambdas/aws/powertools-guard.ts';
import type { FailureEnvelope } from '../../lambdas/core/failure-envelope.ts';
import type { IdempotencyGuard } from '../../lambdas/core/idempotency.ts';
import type { MessageRecord, MessageRecords } from '../../lambdas/core/records.ts';
import { Faults } from '../../lambdas/testing/faults.ts';
import { MemoryGuards } from '../../lambdas/testing/memory-guard.ts';
import { MemoryRecords } from '../../lambdas/testing/memory-records.ts';
import { consumerSettings, deferred, fakeClock, START } from '../core/fixtures.ts';
import { TABLE, useEmulators, useFixedDate } from './emulators.ts';

const emulators = useEmulators();
useFixedDate();
const EXPIRES = START + 86_400_000;

function recordOf(attempts: number, lastError: boolean): MessageRecord {
  const failure = { reason: 'TIMEOUT', error: 'Error', fingerprint: 'abcdefabcdef' } as const;
  const history = Array.from({ length: attempts }, (_, at) => ({ at: START + at, ...failure }));
  return {
    attempts,
    history,
    ...(attempts === 0 ? {} : { firstAttemptAt: START }),
    ...(lastError ? { lastError: { name: 'Error', message: 'caf\u00e9', fingerprint: 'abcdefabcdef' } } : {}),
  };
}

function envelopeOf(record: MessageRecord): FailureEnvelope {
  const { attempts, history, firstAttemptAt } = record;
  return {
    v: 1,
    stableId: 's',
    originalMessageId: 'm',
    originalQueue: 'orders',
    consumer: 'c',
    kind: 'dead-letter',
    reason: 'TIMEOUT',
    attempts,
    history,
    ...(firstAttemptAt === undefined ? {} : { firstAttemptAt }),
    sentAt: START,
    movedAt: START,
    correlationId: 'c',
  };
}

describe('records in memory', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('save'), attempts: fc.nat(3), flag: fc.boolean() }),
    fc.record({ kind: fc.constant('begin'), attempts: fc.nat(3), flag: fc.boolean() }),
    fc.record({ kind: fc.constant('start'), attempts: fc.nat(3), flag: fc.boolean() }),
    fc.record({ kind: fc.constant('end'), attempts: fc.nat(3), flag: fc.boolean() }),
    fc.record({ kind: fc.constant('complete'), attempts: fc.nat(3), flag: fc.boolean() }),
  );

  it('know what those in DynamoDB know, whatever is written', async () => {
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 5 }), async (steps) => {
        runs += 1;
        const id = `parity-${runs}`;
        const dynamo = dynamoRecords({
          client: emulators.dynamodb,
          table: TABLE,
          queue: 'orders',
          clock: fakeClock(),
        });
        const memory = new MemoryRecords(new Faults()).of('orders', () => undefined);
        const both: readonly MessageRecords[] = [dynamo, memory];
        for (const { kind, attempts, flag } of steps) {
          const record = recordOf(attempts, flag);
          const start = { endsBy: START + attempts, alone: flag };
          const move = { queue: 'dlq', messageId: `${attempts}`, lookup: undefined };
          for (const records of both) {
            if (kind === 'save') await records.save(id, record, EXPIRES);
            else if (kind === 'start') await records.startAttempt(id, record, start, EXPIRES);
            else if (kind === 'end') await records.endAttempt(id, EXPIRES);
            else if (kind === 'begin') await records.beginMove(id, envelopeOf(record), EXPIRES, flag);
            else await records.completeMove(id, move, EXPIRES);
          }
        }
        expect(await memory.load([id, 'unknown'])).toEqual(await dynamo.load([id, 'unknown']));
      }),
      { numRuns: 60 },
    );
  });
});

describe('the guard in memory', () => {
  it('answers as that of Powertools does', async () => {
    const clock = fakeClock();
    const settings = consumerSettings({ consumerId: 'parity', stateTable: TABLE });
    const story = async (guard: IdempotencyGuard): Promise<unknown[]> => {
      const told: unknown[] = [];
      const effect = async (): Promise<void> => void told.push('ran');
      const failure = new Error('the effect failed');
      told.push(await guard.run('completes', 10_000, effect));
      told.push(await guard.run('completes', 10_000, effect));
      told.push(await guard.run('fails', 10_000, () => Promise.reject(failure)));
      told.push(await guard.run('fails', 10_000, effect));
      const gate = deferred();
      const started = deferred();
      const running = guard.run('runs', 10_000, () => {
        started.resolve();
        return gate.promise;
      });
      await started.promise;
      told.push(await guard.run('runs', 10_000, effect));
      gate.resolve();
      told.push(await running, await guard.run('runs', 10_000, effect));
      return told;
    };

    const powertools = await story(powertoolsGuard(emulators.dynamodb, settings, clock, () => undefined));
    const memory = await story(new MemoryGuards(new Faults(), clock).of(settings));

    expect(memory).toEqual(powertools);
  });
});
