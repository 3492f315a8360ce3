import type { CircuitItem } from '../../../lambdas/core/circuit/shared-item.ts';
import { healthCheckOn } from '../../../lambdas/core/health/health-check.ts';
import type { OwnCheck } from '../../../lambdas/core/health/own-check.ts';
import { parseHealthSettings } from '../../../lambdas/core/health/parse-settings.ts';
import type { MetricPoint, QueuePoints } from '../../../lambdas/core/health/readings.ts';
import type { WatchedConsumer } from '../../../lambdas/core/health/settings.ts';
import type { EventSourceStatus } from '../../../lambdas/core/intake/event-source.ts';
import type { IntakeMarker, WakeUp } from '../../../lambdas/core/intake/intake-table.ts';
import { fakeClock } from '../fixtures.ts';

export const MINUTE = 60_000;
/** How long is waited for the table, which may have to be read twice. Milliseconds. */
export const HALF = 1_000;
export const HOUR = 3_600_000;
export const TRACKER = 'circuit#tracker';
export const INTAKE = 'circuit#intake#orders';

/** A consumer whose messages expire after a day. */
export function watched(overrides: Partial<WatchedConsumer> = {}): WatchedConsumer {
  const consumerId = overrides.consumerId ?? 'orders';
  return {
    consumerId,
    queue: consumerId,
    deadLetterQueue: `${consumerId}-dlq`,
    quarantineQueue: `${consumerId}-quarantine`,
    mappingId: `mapping-of-${consumerId}`,
    circuits: ['tracker'],
    retryUntilSeconds: 86_400,
    retentionSeconds: 90_000,
    ...overrides,
  };
}

/** What a source does when it is asked. */
type Mood = 'answers' | 'fails' | 'hangs';

interface WorldOptions {
  readonly consumers?: readonly WatchedConsumer[];
  readonly settings?: object;
  readonly checks?: Readonly<Record<string, OwnCheck>>;
}

/** A health check, with sources in memory that all is well in. */
export function healthWorld({ consumers = [watched()], settings = {}, checks = {} }: WorldOptions = {}) {
  const clock = fakeClock();
  const circuits = new Map<string, CircuitItem>();
  const markers = new Map<string, IntakeMarker>();
  const wakeUps = new Map<string, WakeUp>();
  const points = new Map<string, Partial<QueuePoints>>();
  const sources = new Map<string, EventSourceStatus | undefined>();
  for (const { mappingId } of consumers) sources.set(mappingId, { state: 'Enabled' });
  const mood: Record<'table' | 'metrics' | 'sources', Mood> = {
    table: 'answers',
    metrics: 'answers',
    sources: 'answers',
  };
  const asked = { table: 0, metrics: 0, sources: 0 };

  async function answer<T>(who: keyof typeof mood, value: () => T): Promise<T> {
    asked[who] += 1;
    if (mood[who] === 'hangs') return new Promise<T>(() => {});
    if (mood[who] === 'fails') throw Object.assign(new Error('secret'), { name: 'DownError' });
    return value();
  }

  const health = healthCheckOn({
    settings: parseHealthSettings({ stateTable: 'state', consumers, ...settings }),
    checks,
    table: {
      read: () =>
        answer('table', () => ({
          circuits: new Map(circuits),
          markers: new Map(markers),
          wakeUps: new Map(wakeUps),
        })),
    },
    metrics: {
      read: (wanted) =>
        answer('metrics', () => {
          const none: QueuePoints = { age: [], deadLetters: [], quarantined: [] };
          return new Map(
            wanted.map(({ consumerId }) => [consumerId, { ...none, ...points.get(consumerId) }]),
          );
        }),
    },
    sources: { describe: (mappingId) => answer('sources', () => sources.get(mappingId)) },
    clock,
  });

  return {
    clock,
    health,
    circuits,
    markers,
    wakeUps,
    points,
    sources,
    mood,
    asked,
    /** The answer, with a component of it. */
    async look(component = 'state-table') {
      const report = await health.readiness();
      const found = report.components.find(({ name }) => name === component);
      if (found === undefined) throw new RangeError(`there is no component ${component}`);
      return { report, found };
    },
    /** Wait until no answer is good any longer. */
    later(ms = MINUTE + 1) {
      clock.advance(ms);
    },
    /** Points of the last minutes, the newest last. */
    lately(...values: readonly number[]): MetricPoint[] {
      const minute = Math.floor(clock.now() / MINUTE) * MINUTE;
      return values.map((value, at) => ({ atEpochMs: minute - (values.length - 1 - at) * MINUTE, value }));
    },
    /** Disable the event source, as the controller does or as somebody else does. */
    disable(marker?: Partial<IntakeMarker>) {
      sources.set('mapping-of-orders', { state: 'Disabled', modifiedAtEpochMs: clock.now() });
      if (marker === undefined) return;
      const now = clock.now();
      const usual = { revision: 1, mappingId: 'mapping-of-orders', phase: 'paused' } as const;
      markers.set('orders', { ...usual, pausedAt: now, since: now, ...marker });
    },
    /** Open a circuit now. */
    open(key = TRACKER, openForMs = MINUTE, fields: Partial<CircuitItem> = {}) {
      const now = clock.now();
      circuits.set(key, { version: now, state: 'open', openUntil: now + openForMs, openForMs, ...fields });
    },
  };
}
