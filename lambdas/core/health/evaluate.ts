import type { EventSourceStatus } from '../intake/event-source.ts';
import type { IntakeRecords } from '../intake/intake-table.ts';
import { DEFAULT_CIRCUIT, INTAKE_CIRCUIT } from '../settings.ts';
import { circuitKey } from '../table-keys.ts';
import type { CheckedComponent, HealthFinding } from './health.ts';
import { excuseOf, judgeCircuit, judgeIntake } from './judge-circuits.ts';
import { type IntakeReading, judgeEventSource } from './judge-event-source.ts';
import { judgeAge, judgeGrowth } from './judge-queues.ts';
import { failureName, type QueuePoints, type Reading } from './readings.ts';
import type { HealthKind, HealthSettings, WatchedConsumer } from './settings.ts';

/** What the sources say. */
export interface HealthReadings {
  readonly table: Reading<IntakeRecords>;
  readonly metrics: Reading<ReadonlyMap<string, QueuePoints>>;
  /** Event sources by id of their mapping; undefined for one that is not there. */
  readonly eventSources: Reading<ReadonlyMap<string, EventSourceStatus | undefined>>;
}

/** Name of the state table's component. */
export const STATE_TABLE_COMPONENT = 'state-table';

/** The components of consumers, the table and the circuits that they share, as the readings show them. */
export function evaluateConsumers(
  settings: Pick<HealthSettings, 'consumers' | 'critical' | 'thresholds'>,
  { table, metrics, eventSources }: HealthReadings,
  now: number,
): readonly CheckedComponent[] {
  const { consumers, critical, thresholds } = settings;
  if (consumers.length === 0) return [];

  function component<T>(
    name: string,
    kind: HealthKind,
    reading: Reading<T>,
    judge: (value: T) => HealthFinding,
  ): CheckedComponent {
    const finding = reading.kind === 'read' ? judge(reading.value) : unchecked(reading.error);
    return { name, critical: critical[kind], checkedAtEpochMs: reading.atEpochMs, ...finding };
  }

  const ofTable = (): CheckedComponent => {
    if (table.kind === 'read') {
      return component(STATE_TABLE_COMPONENT, 'stateTable', table, () => ({
        status: 'HEALTHY',
        reason: 'it answers',
      }));
    }
    // Here the reading is what is checked: consumers put their messages back as long as it fails.
    const reason = `it cannot be read: ${failureName(table.error)}`;
    const { atEpochMs: checkedAtEpochMs } = table;
    const name = STATE_TABLE_COMPONENT;
    return { name, status: 'UNHEALTHY', reason, critical: critical.stateTable, checkedAtEpochMs };
  };

  const ofCircuit = ([key, name]: readonly [string, string]): CheckedComponent =>
    component(name, 'circuits', table, ({ circuits, wakeUps }) =>
      judgeCircuit(circuits.get(key), wakeUps.get(key), thresholds.halfOpenForMs, now),
    );

  const ofConsumer = (consumer: WatchedConsumer): readonly CheckedComponent[] => {
    const { consumerId, mappingId, retryUntilSeconds } = consumer;
    const intake = table.kind === 'read' ? intakeReading(consumer, table.value) : undefined;
    const intakeItem = intake?.circuits.find(({ name }) => name === INTAKE_CIRCUIT)?.item;
    const named = intake?.circuits.filter(({ name }) => name !== INTAKE_CIRCUIT) ?? [];
    const excuse = excuseOf(named, intakeItem, thresholds.halfOpenForMs, now);
    const pointsOf = (all: ReadonlyMap<string, QueuePoints>): QueuePoints => all.get(consumerId) ?? NO_POINTS;
    const { queueAgeSeconds, deadLetterGrowth, quarantineGrowth } = thresholds;
    return [
      component(`${consumerId}/queue`, 'queueAge', metrics, (all) =>
        judgeAge(pointsOf(all).age, queueAgeSeconds, { retryUntilSeconds, excuse }),
      ),
      component(`${consumerId}/dead-letter-queue`, 'deadLetters', metrics, (all) =>
        judgeGrowth(pointsOf(all).deadLetters, deadLetterGrowth, now),
      ),
      component(`${consumerId}/quarantine`, 'quarantine', metrics, (all) =>
        judgeGrowth(pointsOf(all).quarantined, quarantineGrowth, now),
      ),
      component(`${consumerId}/event-source`, 'eventSource', eventSources, (all) =>
        judgeEventSource(consumer, all.get(mappingId), intake, now),
      ),
      component(`${consumerId}/intake`, 'intake', table, () => judgeIntake(intakeItem, now)),
    ];
  };

  return [ofTable(), ...[...circuitComponents(consumers)].map(ofCircuit), ...consumers.flatMap(ofConsumer)];
}

/** Keys of circuits that are components of their own, with the names of those: a shared circuit is one for all. */
export function circuitComponents(consumers: readonly WatchedConsumer[]): ReadonlyMap<string, string> {
  const names = consumers.flatMap(({ consumerId, circuits }) =>
    circuits.map((name): [string, string] => [
      circuitKey(name, consumerId),
      name === DEFAULT_CIRCUIT ? `${consumerId}/circuit` : `circuit/${name}`,
    ]),
  );
  return new Map(names);
}

/** Keys of every circuit of a consumer, that of its intake included. */
export function circuitKeysOf({ circuits, consumerId }: WatchedConsumer): readonly string[] {
  return [...circuits, INTAKE_CIRCUIT].map((name) => circuitKey(name, consumerId));
}

const NO_POINTS: QueuePoints = { age: [], deadLetters: [], quarantined: [] };

/** A check that could not be made says nothing of what it was to check: it is not well known, and not known to be ill. */
function unchecked(error: unknown): HealthFinding {
  return { status: 'DEGRADED', reason: `could not be checked: ${failureName(error)}` };
}

function intakeReading(consumer: WatchedConsumer, records: IntakeRecords): IntakeReading {
  const { circuits, wakeUps, markers } = records;
  const names = [...consumer.circuits, INTAKE_CIRCUIT];
  return {
    circuits: names.map((name) => {
      const key = circuitKey(name, consumer.consumerId);
      return { name, key, item: circuits.get(key), wakeUp: wakeUps.get(key) };
    }),
    marker: markers.get(consumer.consumerId),
  };
}
