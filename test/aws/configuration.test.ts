import { afterEach, describe, expect, expectTypeOf, it, vi } from 'vitest';
import { z } from 'zod';
import { resilientConsumer } from '../../lambdas/aws/resilient-consumer.ts';
import type { CircuitHandle } from '../../lambdas/core/context.ts';
import { ConfigurationError } from '../../lambdas/core/errors.ts';
import { SETTINGS_VARIABLE } from '../../lambdas/core/settings.ts';

const settings = {
  consumerId: 'shop-orders',
  stateTable: 'state',
  queue: { url: 'http://sqs.local/1/orders' },
  deadLetterQueue: { url: 'http://sqs.local/1/orders-dlq' },
  quarantineQueue: { url: 'http://sqs.local/1/orders-quarantine' },
};
const options = {
  schema: z.object({ id: z.string() }),
  idempotencyKey: ({ id }: { id: string }) => id,
  handle: () => {},
  settings,
};

function problemsOf(given: object): readonly string[] {
  try {
    resilientConsumer(given as typeof options);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.problems.map(({ option }) => option);
  }
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('the configuration of a consumer', () => {
  it('is checked when it is made, and may be all there is', () => {
    expect(problemsOf(options)).toEqual([]);
  });

  it.each([
    ['handle', undefined],
    ['schema', undefined],
    ['schema', {}],
    ['idempotencyKey', undefined],
    ['idempotencyKey', 'message-id'],
    ['idempotency', 'none'],
  ])('needs a usable %s, not %j', (option, value) => {
    expect(problemsOf({ ...options, [option]: value })).toEqual([option]);
  });

  it('takes no circuit that was not deployed', () => {
    const deployed = { ...settings, circuits: { tracker: {} } };
    expect(problemsOf({ ...options, circuits: ['tracker'], settings: deployed })).toEqual([]);
    expect(problemsOf({ ...options, circuits: ['tracker', 'mail'], settings: deployed })).toEqual([
      'circuits',
    ]);
    expect(problemsOf({ ...options, circuits: ['tracker'] })).toEqual(['circuits']);
  });

  it('tells what is wrong with settings and options together', () => {
    const broken = { settings: { ...settings, concurrency: 0 }, schema: options.schema };
    expect(problemsOf(broken)).toEqual(['concurrency', 'handle', 'idempotencyKey']);
    expect(() => resilientConsumer(broken as never)).toThrow(
      /concurrency must be .*, got 0; handle must be a function/,
    );
  });

  it('comes from the environment where none is given', () => {
    const { settings: _given, ...rest } = options;
    expect(problemsOf(rest)).toEqual([SETTINGS_VARIABLE]);
    vi.stubEnv(SETTINGS_VARIABLE, '{"consumerId":');
    expect(problemsOf(rest)).toEqual([SETTINGS_VARIABLE]);
    vi.stubEnv(SETTINGS_VARIABLE, JSON.stringify(settings));
    expect(problemsOf(rest)).toEqual([]);
  });

  it('may travel in the bundle, and the environment wins', () => {
    const { settings: _given, ...rest } = options;
    vi.stubEnv('SPILLWAY_BUNDLED_SETTINGS', JSON.stringify({ ...settings, concurrency: 0 }));
    expect(problemsOf(rest)).toEqual(['concurrency']);
    vi.stubEnv(SETTINGS_VARIABLE, JSON.stringify({ concurrency: 3 }));
    expect(problemsOf(rest)).toEqual([]);
  });
});

describe('the types of a consumer', () => {
  it('follow from its schema: what it makes of the payload is what the handler gets', () => {
    resilientConsumer({
      schema: z.object({ id: z.string(), total: z.coerce.number() }),
      idempotencyKey: (order) => {
        expectTypeOf(order).toEqualTypeOf<{ id: string; total: number }>();
        return order.id;
      },
      handle: (order) => {
        expectTypeOf(order).toEqualTypeOf<{ id: string; total: number }>();
      },
      settings,
    });
  });

  it('follow from a function that picks the schema', () => {
    resilientConsumer({
      schema: ({ attributes }) => (attributes.event === 'order' ? z.object({ id: z.string() }) : undefined),
      idempotency: 'natural',
      handle: (order) => {
        expectTypeOf(order).toEqualTypeOf<{ id: string }>();
      },
      settings,
    });
  });

  it('know the circuits that were named, and take any name where none was', () => {
    resilientConsumer({
      ...options,
      circuits: ['tracker', 'mail'],
      settings: { ...settings, circuits: { tracker: {}, mail: {} } },
      handle: (_order, { circuit }) => {
        expectTypeOf(circuit).parameter(0).toEqualTypeOf<'tracker' | 'mail'>();
        expectTypeOf(circuit).returns.toEqualTypeOf<CircuitHandle>();
        // @ts-expect-error it was not named
        circuit('other');
      },
    });
    resilientConsumer({
      ...options,
      handle: (_order, { circuit }) => {
        expectTypeOf(circuit).parameter(0).toEqualTypeOf<string>();
      },
    });
  });

  it('ask for a key unless the handler is naturally idempotent', () => {
    const { idempotencyKey: _key, ...rest } = options;
    // @ts-expect-error a key is needed
    expect(() => resilientConsumer(rest)).toThrow(/idempotencyKey/);
    resilientConsumer({ ...rest, idempotency: 'natural' });
  });
});
