import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { MessageTracer } from '../../lambdas/aws/message-tracer.ts';
import { PermanentError, RateLimitedError } from '../../lambdas/core/errors.ts';
import { summarizeError } from '../../lambdas/core/failure.ts';
import { defer, type Verdict } from '../../lambdas/core/verdict.ts';
import { idsNamed, receivedMessage } from '../core/fixtures.ts';

const ROOT = '1-5759e988-bd862e3fe1be46a994272793';
const handled: Verdict = { kind: 'done', handled: true };

/** A subsegment, as it is sent to X-Ray's daemon. */
interface Sent {
  readonly name: string;
  readonly id: string;
  readonly parent_id?: string;
  readonly trace_id?: string;
  readonly fault?: boolean;
  readonly annotations?: Record<string, unknown>;
  readonly subsegments?: readonly Sent[];
}

describe('subsegments of X-Ray', () => {
  let daemon: Socket;
  let tracer: MessageTracer;
  let sent: Sent[] = [];
  let texts: string[] = [];
  let logged: unknown[] = [];

  beforeAll(async () => {
    daemon = createSocket('udp4');
    daemon.on('message', (data) => {
      const [, text = ''] = data.toString().split('\n');
      texts.push(text);
      sent.push(JSON.parse(text));
    });
    daemon.bind(0, '127.0.0.1');
    await once(daemon, 'listening');
    vi.stubEnv('AWS_XRAY_DAEMON_ADDRESS', `127.0.0.1:${daemon.address().port}`);
    vi.stubEnv('LAMBDA_TASK_ROOT', '/var/task');
    vi.stubEnv('AWS_EXECUTION_ENV', 'AWS_Lambda_nodejs24.x');
    // As Lambda sets it: whoever asks where nothing is current fills the log.
    vi.stubEnv('AWS_XRAY_CONTEXT_MISSING', 'LOG_ERROR');
    const { Tracer } = await import('@aws-lambda-powertools/tracer');
    const { xrayTracer } = await import('../../lambdas/aws/xray-tracer.ts');
    const note = (...said: unknown[]): void => void logged.push(said);
    new Tracer().provider.setLogger({ error: note, warn: note, info() {}, debug() {} });
    tracer = xrayTracer('shop-orders');
  });
  afterAll(() => {
    daemon.close();
    vi.unstubAllEnvs();
  });
  beforeEach(() => {
    sent = [];
    texts = [];
    logged = [];
    vi.stubEnv('_X_AMZN_TRACE_ID', `Root=${ROOT};Parent=53995c3f42cd8ad8;Sampled=1`);
  });

  const named = (name: string) => ({ ids: idsNamed(name), attempt: 1 });
  const all = (): readonly Sent[] => {
    const flat = (each: Sent): Sent[] => [
      each,
      ...(each.subsegments ?? []).flatMap((child) => flat({ parent_id: each.id, ...child })),
    ];
    return sent.flatMap(flat);
  };
  const arrived = (count: number) => vi.waitFor(() => expect(all()).toHaveLength(count));

  it('tell of a message what it is known by and how it went, in the trace of the invocation', async () => {
    const message = receivedMessage({ correlationId: 'c-1', text: 'canary' });
    await tracer.message({ ids: message, attempt: 3 }, async () => handled);
    await arrived(1);
    expect(sent[0]).toMatchObject({
      name: '## shop-orders/handle',
      trace_id: ROOT,
      parent_id: '53995c3f42cd8ad8',
      annotations: {
        consumer: 'shop-orders',
        correlation_id: 'c-1',
        stable_id: message.stableId,
        attempt: 3,
        outcome: 'handled',
      },
    });
    expect(sent[0]?.fault).toBeUndefined();
    expect(texts.join()).not.toContain('canary');
  });

  it('put calls under the message that makes them, however many are worked on at a time', async () => {
    const gates = Object.fromEntries(['a', 'b', 'c'].map((name) => [name, Promise.withResolvers<void>()]));
    const work = Object.keys(gates).map((name) =>
      tracer.message(named(name), async () => {
        await gates[name]?.promise;
        await tracer.call(`dep-${name}`, async () => 'fine');
        return handled;
      }),
    );
    // The last one goes first: whatever is "current" then is somebody else's.
    for (const name of ['c', 'a', 'b']) {
      gates[name]?.resolve();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(work);
    await arrived(6);
    const messages = all().filter(({ name }) => name === '## shop-orders/handle');
    expect(new Set(messages.map(({ parent_id }) => parent_id))).toEqual(new Set(['53995c3f42cd8ad8']));
    for (const { id, annotations } of messages) {
      const calls = all().filter(({ parent_id }) => parent_id === id);
      expect(calls).toMatchObject([
        { name: `## dep-${annotations?.stable_id}/call`, annotations: { outcome: 'ok' } },
      ]);
    }
  });

  it('tell errors by name and fingerprint, and never by what they say', async () => {
    const error = new PermanentError('canary: card 4242');
    const { fingerprint } = summarizeError(error);
    const verdict = {
      kind: 'move',
      target: 'dead-letter',
      envelope: { reason: 'INVALID_DATA', error: summarizeError(error) },
    } as Verdict;
    await tracer.message(named('a'), async () => {
      await tracer.call('dep', () => Promise.reject(error)).catch(() => {});
      await tracer
        .call('dep', () => Promise.reject(new RateLimitedError({ policy: 'dep', retryAfterMs: 5 })))
        .catch(() => {});
      return verdict;
    });
    await arrived(3);
    const told = { error_name: 'PermanentError', fingerprint };
    const outcomes = all().map(({ fault, annotations }) => ({ fault, ...annotations }));
    expect(outcomes).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ fault: true, outcome: 'dead-letter: INVALID_DATA', ...told }),
        expect.objectContaining({ fault: true, circuit: 'dep', outcome: 'failed', ...told }),
        expect.objectContaining({ circuit: 'dep', outcome: 'refused', error_name: 'RateLimitedError' }),
      ]),
    );
    expect(texts.join()).not.toContain('canary');
  });

  it('tell why a message was put back', async () => {
    await tracer.message(named('a'), async () => defer(idsNamed('a'), 'circuit-open', 5));
    await arrived(1);
    expect(sent[0]).toMatchObject({ annotations: { outcome: 'deferred: circuit-open' } });
  });

  it('hand through what is returned and what is thrown', async () => {
    await tracer.message(named('a'), async () => {
      expect(await tracer.call('dep', async () => 42)).toBe(42);
      const error = new Error('down');
      await expect(tracer.call('dep', () => Promise.reject(error))).rejects.toBe(error);
      return handled;
    });
    await arrived(3);
  });

  it.each(['Sampled=0', ''])(
    'are not made, and nothing is logged, where X-Ray does not sample (%s)',
    async (flag) => {
      vi.stubEnv('_X_AMZN_TRACE_ID', flag === '' ? '' : `Root=${ROOT};Parent=53995c3f42cd8ad8;${flag}`);
      expect(await tracer.message(named('a'), () => tracer.call('dep', async () => handled))).toBe(handled);
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(sent).toEqual([]);
      expect(logged).toEqual([]);
    },
  );
});
