import { Annotations, Token } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import {
  type ConsumerCircuitSettings,
  DEFAULT_CIRCUIT,
  INTAKE_CIRCUIT,
} from '../../lambdas/core/settings.ts';

/** What one consumer makes of the circuits that it names. */
type Circuits = Readonly<Record<string, ConsumerCircuitSettings>>;

interface FirstUse {
  readonly consumer: IConstruct;
  readonly settings: ConsumerCircuitSettings;
}

/**
 * What stands in the shared item, or decides over it, and the property that it comes from. All else is each environment's
 * own affair.
 */
const OF_THE_CIRCUIT = [
  ['failureThreshold', 'failureThreshold'],
  ['failureRatio', 'failureRatio'],
  ['minReporters', 'minReporters'],
  ['successThreshold', 'successThreshold'],
  ['openForMs', 'openFor'],
  ['maxOpenForMs', 'maxOpenFor'],
  ['windowMs', 'window'],
  ['slowCallMs', 'slowCallThreshold'],
] as const;

/** The same of a rate limit: how long somebody waits for a turn is its own affair. */
const OF_THE_LIMIT = [
  ['limit', 'rateLimit.limit'],
  ['perMs', 'rateLimit.per'],
  ['burst', 'rateLimit.burst'],
  ['shards', 'rateLimit.shards'],
] as const;

/** The circuits that the consumers of one state table share. */
export interface SharedCircuits {
  /** Warns of a consumer that makes something else of a circuit than the first one that named it. */
  note(consumer: IConstruct, circuits: Circuits): void;
}

/** Nobody has named one yet. */
export function sharedCircuits(): SharedCircuits {
  const first = new Map<string, FirstUse>();
  return {
    note(consumer, circuits) {
      for (const [name, settings] of Object.entries(circuits)) {
        if (name === DEFAULT_CIRCUIT || name === INTAKE_CIRCUIT) continue;
        const known = first.get(name);
        if (known === undefined) first.set(name, { consumer, settings });
        else warn(name, known, { consumer, settings });
      }
    },
  };
}

function warn(name: string, first: FirstUse, second: FirstUse): void {
  for (const { property, got, other } of differences(first.settings, second.settings)) {
    Annotations.of(second.consumer).addWarningV2(
      'spillway:circuitDiffers',
      `circuits.${name}.${property} should be what ${first.consumer.node.path} says, got ${got} at ` +
        `${second.consumer.node.path} and ${other} there: all who name a circuit share it, and each goes by its own`,
    );
  }
}

interface Difference {
  readonly property: string;
  readonly got: string;
  readonly other: string;
}

function differences(first: ConsumerCircuitSettings, second: ConsumerCircuitSettings): readonly Difference[] {
  const { rateLimit: one } = first;
  const { rateLimit: two } = second;
  const unlimited = one === undefined || two === undefined;
  return [
    ...OF_THE_CIRCUIT.flatMap(([key, property]) => difference(property, key, first[key], second[key])),
    ...(unlimited
      ? difference('rateLimit', '', one && 'one', two && 'one')
      : OF_THE_LIMIT.flatMap(([key, property]) => difference(property, key, one[key], two[key]))),
  ];
}

/** What is a token is not known yet, and skipped. */
function difference(property: string, key: string, first: unknown, second: unknown): readonly Difference[] {
  if (first === second || Token.isUnresolved(first) || Token.isUnresolved(second)) return [];
  const unit = key.endsWith('Ms') ? ' ms' : '';
  const say = (value: unknown): string => (value === undefined ? 'none' : `${value}${unit}`);
  return [{ property, got: say(second), other: say(first) }];
}
