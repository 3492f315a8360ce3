import type { CircuitState } from '../circuit/circuit.ts';
import type { CircuitItem } from '../circuit/shared-item.ts';
import { INTAKE_CIRCUIT } from '../settings.ts';
import type { IntakeStatus } from './events.ts';
import type { IntakeFacts, IntakePlan } from './plan.ts';

/** How a consumer's intake is, for metrics and alarms. */
export function statusOf(
  { consumer, circuits, marker, source, now }: IntakeFacts,
  { desired, steps }: IntakePlan,
): IntakeStatus {
  const paused = source.state === 'Disabled' || source.state === 'Disabling';
  // An intake that is open for a probe which nobody makes, for want of messages, keeps nobody waiting.
  const lasts = desired.kind === 'paused' || (desired.kind === 'gentle' && desired.why === 'sweep');
  const underWay = lasts && (marker?.phase === 'paused' || marker?.phase === 'gentle');
  // A pause of ours that is over has its cause until the run that ends it; if that fails, it is told as an error.
  const opens = steps.some((step) => step.kind === 'change' && step.change.enabled === true);
  const intake = circuits.find(({ name }) => name === INTAKE_CIRCUIT)?.item;
  const own = circuits.filter(({ name }) => name !== INTAKE_CIRCUIT);
  return {
    consumerId: consumer.consumerId,
    paused,
    pausedForSeconds: underWay ? Math.max(0, Math.round((now - marker.pausedAt) / 1_000)) : 0,
    withoutCause: paused && desired.kind !== 'paused' && !opens,
    held: intake?.state === 'forced-open',
    killSwitch: intake?.state === 'open' || intake?.state === 'half-open' ? intake.fingerprint : undefined,
    circuits: new Map(own.map(({ name, item }) => [name, stateOf(item)])),
    halfOpenForSeconds: new Map(
      own.flatMap(({ name, item }) =>
        item?.state === 'half-open' ? [[name, halfOpenForSeconds(item, now)] as const] : [],
      ),
    ),
  };
}

function stateOf(item: CircuitItem | undefined): CircuitState {
  if (item?.state === 'half-open') return 'half-open';
  return item?.state === 'open' || item?.state === 'forced-open' ? 'open' : 'closed';
}

/** The version of a half-open circuit is the time at which it became that. */
function halfOpenForSeconds({ version }: CircuitItem, now: number): number {
  return Math.max(0, Math.round((now - version) / 1_000));
}
