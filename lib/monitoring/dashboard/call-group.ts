import { POLICY_DIMENSION } from '../../../lambdas/core/metric-names.ts';
import { type Group, group } from './group.ts';
import { graph } from './panel.ts';
import type { Section } from './section.ts';

/** What the policies around calls refuse, cut and answer. */
export function callGroup(section: Section): Group {
  return group(
    'Calls',
    [
      graph({ title: 'Calls: refused by a circuit', metrics: section.byCircuit('circuitRejected') }),
      graph({ title: 'Calls: refused by a rate limit', metrics: section.byPolicy('callsRateLimited') }),
      graph({ title: 'Calls: refused by a bulkhead', metrics: section.byPolicy('bulkheadFull') }),
    ],
    [
      graph({ title: 'Calls: took too long', metrics: section.byPolicy('callsTimedOut') }),
      graph({ title: 'Calls: answered by a fallback', metrics: section.byPolicy('fallbacksUsed') }),
      graph({ title: 'Calls: adaptive limit after cuts', metrics: limits(section) }),
    ],
  );
}

/** The least that any environment was left with. */
function limits(section: Section) {
  return section.by('concurrencyLimit', POLICY_DIMENSION, section.circuits, { statistic: 'Minimum' });
}
