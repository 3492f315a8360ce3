import type { Clock } from '../clock.ts';
import type { EventSourceStatus, EventSources } from '../intake/event-source.ts';
import type { IntakeRecords, IntakeTable } from '../intake/intake-table.ts';
import { inParallel } from '../parallel.ts';
import { circuitKeysOf, evaluateConsumers } from './evaluate.ts';
import { type CheckedComponent, type HealthReport, reportOf, sinceMemory } from './health.ts';
import { judgeOwn, judgeOwnFailure, type OwnCheck } from './own-check.ts';
import { type QueueMetrics, type QueuePoints, type Source, source } from './readings.ts';
import type { HealthSettings } from './settings.ts';

/** What a health check is made of. */
export interface HealthCheckParts {
  readonly settings: HealthSettings;
  readonly checks: Readonly<Record<string, OwnCheck>>;
  readonly table: Pick<IntakeTable, 'read'>;
  readonly metrics: QueueMetrics;
  readonly sources: Pick<EventSources, 'describe'>;
  readonly clock: Clock;
}

/** Answers whether something lives, and whether it is ready. */
export interface HealthCheck {
  /** Whether this process answers: it does. Nothing is asked of anybody, so it cannot fail for somebody else. */
  liveness(): HealthReport;
  /**
   * Whether it serves, and how each component is. All sources are asked at the same time; who has not answered within the
   * time-out could not be checked. It never rejects. Who comes while others wait is given the same answers.
   */
  readiness(): Promise<HealthReport>;
}

/** Metrics are read so far back: SQS reports each minute, and up to some minutes late. Milliseconds. */
const LOOK_BACK_MS = 900_000;
/** Event sources that are described at a time: Lambda allows few calls a second of this kind. */
const AT_A_TIME = 4;

/** Make a health check. */
export function healthCheckOn(parts: HealthCheckParts): HealthCheck {
  const { settings, checks, clock } = parts;
  const { timeoutMs, cacheForMs } = settings;
  const { table, metrics, eventSources } = consumerSources(parts);
  const memory = sinceMemory();
  const own = Object.entries(checks).map(([name, check]) => ({
    name,
    critical: check.critical ?? false,
    ask: source({
      clock,
      read: async (signal) => check.check(signal),
      goodForMs: () => cacheForMs,
      failedForMs: cacheForMs,
      timeoutMs: Math.min(check.timeoutMs ?? timeoutMs, timeoutMs),
    }),
  }));

  async function ofConsumers(): Promise<readonly CheckedComponent[]> {
    if (settings.consumers.length === 0) return [];
    const [first, ofMetrics, ofEventSources] = await Promise.all([table(), metrics(), eventSources()]);
    // The controller writes its marker before it disables a source: who saw that one was has to look for it afterwards.
    const again = ofEventSources.kind === 'read' && !allOpen(ofEventSources.value);
    const ofTable = again ? await table(ofEventSources.untilEpochMs) : first;
    const readings = { table: ofTable, metrics: ofMetrics, eventSources: ofEventSources };
    return evaluateConsumers(settings, readings, clock.now());
  }

  async function ofOwn(): Promise<readonly CheckedComponent[]> {
    return Promise.all(
      own.map(async ({ name, critical, ask }) => {
        const reading = await ask();
        const finding = reading.kind === 'read' ? judgeOwn(reading.value) : judgeOwnFailure(reading.error);
        return { name, critical, checkedAtEpochMs: reading.atEpochMs, ...finding };
      }),
    );
  }

  return {
    liveness: () => ({
      check: 'liveness',
      status: 'HEALTHY',
      up: true,
      checkedAtEpochMs: clock.now(),
      components: [],
    }),
    async readiness() {
      const components = (await Promise.all([ofConsumers(), ofOwn()])).flat();
      const now = clock.now();
      return reportOf(
        components.map((component) => memory.settle(component, now)),
        now,
      );
    },
  };
}

interface ConsumerSources {
  readonly table: Source<IntakeRecords>;
  readonly metrics: Source<ReadonlyMap<string, QueuePoints>>;
  readonly eventSources: Source<ReadonlyMap<string, EventSourceStatus | undefined>>;
}

function consumerSources({ settings, table, metrics, sources, clock }: HealthCheckParts): ConsumerSources {
  const { consumers, timeoutMs, cacheForMs, apiCacheForMs } = settings;
  const common = { clock, failedForMs: cacheForMs };
  // The table may be asked once more after Lambda has answered.
  const half = timeoutMs / 2;
  const keys = {
    circuits: [...new Set(consumers.flatMap(circuitKeysOf))],
    consumers: consumers.map(({ consumerId }) => consumerId),
  };
  return {
    table: source({ ...common, timeoutMs: half, read: () => table.read(keys), goodForMs: () => cacheForMs }),
    metrics: source({
      ...common,
      timeoutMs,
      read: () => metrics.read(consumers, clock.now() - LOOK_BACK_MS, clock.now()),
      goodForMs: () => apiCacheForMs,
    }),
    eventSources: source({
      ...common,
      timeoutMs: half,
      async read() {
        const found = new Map<string, EventSourceStatus | undefined>();
        await inParallel(consumers, AT_A_TIME, async ({ mappingId }) => {
          found.set(mappingId, await sources.describe(mappingId));
        });
        return found;
      },
      // One that is not open will change soon, and is what people wait for.
      goodForMs: (found) => (allOpen(found) ? apiCacheForMs : cacheForMs),
    }),
  };
}

function allOpen(sources: ReadonlyMap<string, EventSourceStatus | undefined>): boolean {
  return [...sources.values()].every((status) => status?.state === 'Enabled');
}
