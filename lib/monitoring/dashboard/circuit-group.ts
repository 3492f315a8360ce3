import { Duration } from 'aws-cdk-lib';
import { CIRCUIT_DIMENSION, METRIC, METRIC_NAMESPACE } from '../../../lambdas/core/metric-names.ts';
import { type Group, group } from './group.ts';
import { alarmList, bars, graph, NEWEST, pie } from './panel.ts';
import { type Buckets, computed, type Section } from './section.ts';

/** Metrics whose alarms are about circuits. */
const OF_CIRCUITS: ReadonlySet<string> = new Set(
  Object.values(METRIC).filter((name) => name.startsWith('Circuit')),
);

const RECOVERY: Buckets = {
  bounds: [60, 120, 300, 900, 3_600],
  label: (from, to) => (to === undefined ? `over ${from / 60} min` : `${from / 60} to ${to / 60} min`),
};

/** Circuits: in which state they are, what made them open, and how long it takes them to close. */
export function circuitGroup(section: Section): Group {
  const { watched } = section;
  const open = section.intake('circuitsOpen', { label: 'open' });
  const halfOpenFor = section.intake('circuitHalfOpenFor', { label: 'longest' });
  const opened = section.byCircuit('circuitOpened');
  return group(
    'Circuit breaker',
    [
      pie({
        title: 'Circuits: states now',
        metrics:
          section.consumer.settings.observability === 'full'
            ? [
                open,
                section.intake('circuitsHalfOpen', { label: 'half-open' }),
                section.intake('circuitsClosed', { label: 'closed' }),
              ]
            : [],
      }),
      graph({ title: 'Circuits: open', metrics: [open], annotations: watched.annotations(open) }),
      graph({ title: 'Circuits: failure rate (% of calls)', metrics: failureRates(section) }),
      bars({
        title: 'Circuits: time to recover, in this time',
        metrics: section.histogram('circuitRecoveryTime', RECOVERY),
      }),
    ],
    [
      ...alarmList('Circuits: alarms', watched.on(METRIC_NAMESPACE, OF_CIRCUITS)),
      graph({
        title: 'Circuits: openings (left), all changes (right)',
        metrics: opened,
        right: section.circuits.flatMap((circuit) =>
          section.by('circuitTransitions', CIRCUIT_DIMENSION, [circuit], {
            label: `${circuit}: all changes`,
          }),
        ),
        annotations: watched.annotations(...opened),
      }),
      graph({
        title: 'Circuits: open or half-open (1), closed (0)',
        metrics: section.byCircuit('circuitOpen', NEWEST),
      }),
      graph({
        title: 'Circuits: half-open for (s)',
        metrics: [
          halfOpenFor,
          ...(halfOpenFor === undefined ? [] : section.byCircuit('circuitHalfOpenFor', NEWEST)),
        ],
        annotations: watched.annotations(halfOpenFor),
      }),
    ],
  );
}

/** A minute without calls has no rate; one with calls of which none failed has 0. */
function failureRates(section: Section) {
  const sum = { period: Duration.minutes(1) };
  const calls = section.byCircuit('circuitCalls', sum);
  const failures = section.byCircuit('circuitFailures', sum);
  return section.circuits.map((circuit, at) =>
    // ids are of the widget, so each circuit needs its own
    computed(
      `100 * FILL(failures${at}, 0) / calls${at}`,
      { [`failures${at}`]: failures[at], [`calls${at}`]: calls[at] },
      circuit,
    ),
  );
}
