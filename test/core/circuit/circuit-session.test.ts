import { describe, expect, it } from 'vitest';
import type { Circuit } from '../../../lambdas/core/circuit/circuit.ts';
import { circuitSession } from '../../../lambdas/core/circuit/circuit-session.ts';
import { localCircuit } from '../../../lambdas/core/circuit/local-circuit.ts';
import { classifyError } from '../../../lambdas/core/classifier.ts';
import { CircuitOpenError, ConfigurationError, HandlerTimeoutError } from '../../../lambdas/core/errors.ts';
import type { CallPolicies } from '../../../lambdas/core/policies/call-policies.ts';
import { DEFAULTS } from '../../../lambdas/core/settings.ts';
import { deferred, fakeClock, idle } from '../fixtures.ts';

const down = Object.assign(new Error('down'), { code: 'ECONNREFUSED' });
const failing = () => Promise.reject(down);

function setup(
  names: readonly string[] = ['tracker'],
  policies: ReadonlyMap<string, CallPolicies> = new Map(),
) {
  const clock = fakeClock();
  const controller = new AbortController();
  const rejected: string[] = [];
  const circuits = new Map<string, Circuit>(
    names.map((name) => [
      name,
      localCircuit({
        name,
        settings: { ...DEFAULTS.circuit, localThreshold: 2 },
        clock,
        random: () => 0.5,
      }),
    ]),
  );
  const session = () =>
    circuitSession({
      circuits,
      policies,
      classify: (error) => classifyError(error, clock.now()),
      signal: controller.signal,
      onRejected: (name) => void rejected.push(name),
      now: clock.now,
      remainingMs: () => 30_000,
      handlerMs: () => 27_000,
    });
  const breakCircuit = async (name = 'tracker'): Promise<void> => {
    for (let at = 0; at < 2; at += 1)
      await session()
        .call(name, failing)
        .catch(() => {});
  };
  const stateOf = (name = 'tracker') => circuits.get(name)?.snapshot().state;
  return { clock, controller, rejected, session, breakCircuit, stateOf };
}

describe('a message and its circuits', () => {
  it('hands on what the call returns, the signal, and the very error it fails with', async () => {
    const { session, controller } = setup();
    expect(await session().call('tracker', (signal) => signal === controller.signal)).toBe(true);
    await expect(session().call('tracker', failing)).rejects.toBe(down);
    const broken = session().call('tracker', () => {
      throw down;
    });
    await expect(broken).rejects.toBe(down);
  });

  it('counts failures of the dependency, and only those', async () => {
    const { session, stateOf } = setup();
    const mine = session();
    for (let at = 0; at < 5; at += 1) {
      await mine.call('tracker', () => Promise.reject(new TypeError('a bug'))).catch(() => {});
    }
    expect(mine.failures).toEqual([]);
    await mine.call('tracker', failing).catch(() => {});
    await mine.call('tracker', failing).catch(() => {});
    expect(mine.failures).toEqual([
      { circuit: 'tracker', probe: false, clean: true },
      { circuit: 'tracker', probe: false, clean: false },
    ]);
    expect(stateOf()).toBe('open');
  });

  it('counts a circuit as unwell when it failed for others while the call was under way', async () => {
    const { session } = setup();
    const [mine, other] = [session(), session()];
    const gate = deferred<never>();
    const call = mine.call('tracker', () => gate.promise);
    await idle();
    await other.call('tracker', failing).catch(() => {});
    gate.reject(down);
    await expect(call).rejects.toBe(down);
    expect(mine.failures).toEqual([{ circuit: 'tracker', probe: false, clean: false }]);
  });

  it('refuses at once while a circuit is open, and hands back what the others gave', async () => {
    const { clock, session, breakCircuit, rejected, stateOf } = setup(['tracker', 'mail']);
    await breakCircuit('tracker');
    clock.advance(60_000); // the tracker may be probed now
    await breakCircuit('mail');
    expect(await session().admit()).toEqual({
      kind: 'refused',
      circuit: 'mail',
      retryAtEpochMs: clock.now() + 60_000,
    });
    expect(rejected).toEqual(['mail']);
    expect(stateOf('tracker')).toBe('half-open');
    expect(await session().call('tracker', () => 'probed')).toBe('probed');
  });

  it('uses the probe it was given for the first call, and hands it back unused', async () => {
    const { clock, session, breakCircuit } = setup();
    await breakCircuit();
    clock.advance(60_000);
    const idleMessage = session();
    expect(await idleMessage.admit()).toBeUndefined();
    expect(await session().admit()).toMatchObject({ circuit: 'tracker' });
    await idleMessage.close();
    const mine = session();
    expect(await mine.admit()).toBeUndefined();
    await mine.call('tracker', failing).catch(() => {});
    expect(mine.failures).toEqual([{ circuit: 'tracker', probe: true, clean: false }]);
  });

  it('throws CircuitOpenError for a call that the circuit refuses', async () => {
    const { session, breakCircuit, rejected } = setup();
    await breakCircuit();
    const refused = await session()
      .call('tracker', failing)
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(CircuitOpenError);
    expect(refused).toMatchObject({ circuit: 'tracker', retryAfterMs: 60_000, lastError: 'Error: down' });
    expect(rejected).toEqual(['tracker']);
  });

  it('names the circuits there are when it is asked for another', async () => {
    await expect(
      setup(['a', 'b'])
        .session()
        .call('c', () => 1),
    ).rejects.toThrow(
      expect.objectContaining({
        name: ConfigurationError.name,
        message: expect.stringContaining('"a", "b"'),
      }),
    );
  });

  it('reports calls that nobody waits for any longer as failed, and hears no more of them', async () => {
    const { clock, session, breakCircuit, stateOf } = setup();
    await breakCircuit();
    clock.advance(60_000);
    const mine = session();
    await mine.admit();
    const gate = deferred<string>();
    const call = mine.call('tracker', () => gate.promise);
    await idle();
    await mine.abandon(new HandlerTimeoutError(1));
    expect(mine.failures).toEqual([{ circuit: 'tracker', probe: true, clean: false }]);
    expect(stateOf()).toBe('open');
    gate.resolve('late');
    expect(await call).toBe('late');
    expect(stateOf()).toBe('open');
  });

  it.each([
    ['AbortError', {}],
    ['CanceledError', { code: 'ERR_CANCELED' }],
  ])('takes an %s for the time-out that caused it', async (name, fields) => {
    const { controller, session } = setup();
    const mine = session();
    const aborted = Object.assign(new Error('aborted'), { name }, fields);
    await mine.call('tracker', () => Promise.reject(aborted)).catch(() => {});
    expect(mine.failures).toEqual([]);
    controller.abort(new HandlerTimeoutError(1));
    await expect(mine.call('tracker', () => Promise.reject(aborted))).rejects.toBe(aborted);
    expect(mine.failures).toHaveLength(1);
  });

  it('reports the message as a whole once at most', async () => {
    const { session, stateOf } = setup(['default']);
    const mine = session();
    await mine.admit();
    await mine.reportWhole('default', { thrown: down });
    await mine.reportWhole('default', { thrown: down });
    await mine.reportWhole('default', { thrown: down });
    expect(mine.failures).toHaveLength(1);
    expect(stateOf('default')).toBe('closed');
  });
});

describe('a message and the rate limits of its circuits', () => {
  /** A limit that answers as it is told, and writes down what happens at it. */
  function limitOf(journal: string[], name: string, has: boolean): CallPolicies {
    const call: NonNullable<CallPolicies['limit']>['call'] = async (operation, { signal, deadlineEpochMs }) =>
      operation(signal ?? new AbortController().signal, deadlineEpochMs ?? 0);
    const limit: CallPolicies['limit'] = {
      async take() {
        journal.push(`${name} asked`);
        if (!has) return { kind: 'not-yet', placeEpochMs: 42 };
        return {
          kind: 'turn',
          giveBack: () => void journal.push(`${name} given back`),
          call(operation, options) {
            journal.push(`${name} used`);
            return call(operation, options);
          },
        };
      },
      call(operation, options) {
        journal.push(`${name} asked in mid-handler`);
        return call(operation, options);
      },
    };
    return { around: undefined, limit, inside: undefined };
  }

  it('takes one turn of each, uses it for the first call, and asks anew for the others', async () => {
    const journal: string[] = [];
    const { session } = setup(['a'], new Map([['a', limitOf(journal, 'a', true)]]));
    const mine = session();
    expect(await mine.admit()).toBeUndefined();
    await mine.call('a', () => 1);
    await mine.call('a', () => 2);
    await mine.close();
    expect(journal).toEqual(['a asked', 'a used', 'a asked in mid-handler']);
  });

  it('gives back a turn that was not used', async () => {
    const journal: string[] = [];
    const { session } = setup(['a'], new Map([['a', limitOf(journal, 'a', true)]]));
    const mine = session();
    await mine.admit();
    await mine.close();
    expect(journal).toEqual(['a asked', 'a given back']);
  });

  it('gives back what the others gave where one refuses, probes of circuits too', async () => {
    const journal: string[] = [];
    const policies = new Map([
      ['a', limitOf(journal, 'a', true)],
      ['b', limitOf(journal, 'b', false)],
    ]);
    const { clock, session, breakCircuit } = setup(['a', 'b'], policies);
    await breakCircuit('a');
    clock.advance(60_000);
    const refused = session();
    expect(await refused.admit()).toEqual({ kind: 'not-its-turn', circuit: 'b', placeEpochMs: 42 });
    const next = session();
    await next.admit(); // the probe is free again: it is the limit that refuses, not the circuit
    expect(journal.slice(2)).toEqual([
      'a asked',
      'b asked',
      'a given back',
      'a asked',
      'b asked',
      'a given back',
    ]);
  });

  it('hands everything back when the time is over while it waits for a turn', async () => {
    const waiting: CallPolicies['limit'] = {
      take: ({ signal }) =>
        new Promise((_resolve, reject) =>
          signal?.addEventListener('abort', () => reject(signal.reason), { once: true }),
        ),
      call: async (operation) => operation(new AbortController().signal, 0),
    };
    const policies = new Map<string, CallPolicies>([
      ['a', { around: undefined, limit: waiting, inside: undefined }],
    ]);
    const { clock, controller, session, breakCircuit, stateOf } = setup(['a'], policies);
    await breakCircuit('a');
    clock.advance(60_000);
    const mine = session();
    const asked = mine.admit();
    await idle();
    expect(stateOf('a')).toBe('half-open');
    controller.abort(new HandlerTimeoutError(1));
    expect(await asked).toBeUndefined();
    // The probe is free for the next one, who has no limit in the way.
    policies.clear();
    expect(await session().admit()).toBeUndefined();
  });

  it('asks no limit while a circuit refuses', async () => {
    const journal: string[] = [];
    const { session, breakCircuit } = setup(['a'], new Map([['a', limitOf(journal, 'a', true)]]));
    await breakCircuit('a');
    journal.length = 0;
    expect(await session().admit()).toMatchObject({ kind: 'refused', circuit: 'a' });
    expect(journal).toEqual([]);
  });
});
