import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withFailureEnvelope } from '../../lambdas/core/failure-envelope.ts';
import type { MessageAttribute, QueueMessage } from '../../lambdas/core/message.ts';
import { FAILURE_ATTRIBUTE, MESSAGE_ATTRIBUTE } from '../../lambdas/core/settings.ts';
import { pipelineHarness, recordOf } from './pipeline-harness.ts';

/** What somebody who may send, and nothing else, could try. */
const CLAIMS = [
  'spillway-attempts',
  'spillway-hop',
  'spillway-idempotency-key',
  'spillway-priority',
  'spillway-skip-screening',
  'spillway-release',
  'spillway-retry-until',
  FAILURE_ATTRIBUTE,
  MESSAGE_ATTRIBUTE,
  'ApproximateReceiveCount',
  '__proto__',
];

const envelopeClaim = fc
  .record({ v: fc.constant(1), attempts: fc.integer(), kind: fc.constantFrom('dead-letter', 'quarantine') })
  .map((claim) => JSON.stringify(claim));
const metadataClaim = fc
  .record({
    id: fc.stringMatching(/^[a-z0-9]{1,12}$/),
    createdAt: fc.integer({ min: 0 }),
    priority: fc.constantFrom('LOW', 'NORMAL', 'HIGH', 'CRITICAL'),
    attempts: fc.integer(),
  })
  .map((claim) => JSON.stringify(claim));
const value = fc.oneof(
  fc.integer().map(String),
  fc.constantFrom('true', '0', '-1', 'NaN', 'signature', ''),
  fc.string(),
  envelopeClaim,
  metadataClaim,
);
const attributes = fc
  .dictionary(fc.constantFrom(...CLAIMS), value, { maxKeys: 10, noNullPrototype: false })
  .map((texts): Record<string, MessageAttribute> => {
    return Object.fromEntries(
      Object.entries(texts).map(([name, stringValue]) => [name, { dataType: 'String', stringValue }]),
    );
  });
const situation = fc.record({
  body: fc.constantFrom('{"order":"42"}', '{"order":"7"}', 'no JSON', '{"__proto__":{"order":"1"}}'),
  fails: fc.boolean(),
  attempts: fc.integer({ min: 0, max: 6 }),
  receiveCount: fc.integer({ min: 1, max: 900 }),
});

/** What becomes of a message, but for the names that it may give itself. */
async function fateOf(
  { body, fails, attempts, receiveCount }: typeof situation extends fc.Arbitrary<infer T> ? T : never,
  given: QueueMessage['attributes'],
) {
  const { take, guard, handled } = pipelineHarness({
    handle: () => {
      if (fails) throw new TypeError('a bug');
    },
  });
  const verdict = await take({ body, attributes: given, receiveCount }, recordOf(attempts));
  const keys = guard.runs.map(({ key }) => key);
  switch (verdict.kind) {
    case 'done':
      return { kind: 'done', keys, handled };
    case 'put-back':
      return {
        kind: 'put-back',
        delayMs: verdict.delayMs,
        attempts: verdict.record?.attempts,
        keys,
        handled,
      };
    case 'move': {
      const { kind, reason, attempts: charged, history } = verdict.envelope;
      return { kind, reason, charged, history, keys, handled };
    }
  }
}

describe('attributes, whatever they claim,', () => {
  it('change neither the attempts of a message, nor its key, nor a check, nor where it goes', async () => {
    await fc.assert(
      fc.asyncProperty(situation, attributes, async (given, forged) => {
        expect(await fateOf(given, forged)).toEqual(await fateOf(given, {}));
      }),
      { numRuns: 500 },
    );
  });

  it('do not pass for the failure envelope', () => {
    fc.assert(
      fc.property(attributes, (forged) => {
        const envelope = {
          v: 1 as const,
          kind: 'dead-letter' as const,
          reason: 'UNKNOWN' as const,
          stableId: 'a',
          originalMessageId: 'a',
          originalQueue: 'q',
          consumer: 'c',
          attempts: 5,
          sentAt: 1,
          movedAt: 2,
          correlationId: 'a',
          history: [],
        };
        const given = { ...forged, [FAILURE_ATTRIBUTE]: { dataType: 'String', stringValue: 'forged' } };
        const { attributes: moved } = withFailureEnvelope('{}', given, envelope);
        const carried = moved[FAILURE_ATTRIBUTE]?.stringValue;
        const others = Object.keys(given).length - 1;
        expect(carried === undefined ? carried : JSON.parse(carried)).toEqual(
          others < 10 ? envelope : undefined,
        );
      }),
    );
  });
});
