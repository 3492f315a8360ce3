import type { Mutant } from './mutant.ts';

const LINES = 'lambdas/aws/metric-lines.ts';
const EVENTS = 'lambdas/aws/telemetry-metrics.ts';
const INTAKE = 'lambdas/aws/intake-telemetry.ts';
const PERSON = 'lambdas/core/needs-person.ts';
const STATUS = 'lambdas/core/intake/status.ts';
const SHARED = 'lambdas/core/circuit/shared-circuit.ts';
const LOCAL = 'lambdas/core/circuit/local-circuit.ts';
const STEPS = 'lambdas/core/circuit/shared-steps.ts';

const RULE = '16 metrics are bounded';
const TRUE = 'what is measured is what happened';
const METRICS = ['test/aws/metrics.test.ts'];
const SHARED_CIRCUIT = ['test/core/circuit/shared-circuit.test.ts'];

/** Mutants of the metrics. */
export const METRIC_MUTANTS: readonly Mutant[] = [
  {
    name: 'break metrics down at the essential level',
    rule: RULE,
    file: LINES,
    find: "const breaksDown = level === 'full';",
    replace: 'const breaksDown = true;',
    tests: METRICS,
  },
  {
    name: 'emit every metric at the essential level',
    rule: RULE,
    file: LINES,
    find: 'if (!emitted.has(metric) || !Number.isFinite(value)) return;',
    replace: 'if (!Number.isFinite(value)) return;',
    tests: METRICS,
  },
  {
    name: 'write values that are no numbers',
    rule: RULE,
    file: LINES,
    find: 'if (!emitted.has(metric) || !Number.isFinite(value)) return;',
    replace: 'if (!emitted.has(metric)) return;',
    tests: METRICS,
  },
  {
    name: 'let Powertools cut a line at the hundredth value',
    rule: RULE,
    file: LINES,
    find: 'const MOST_VALUES = 99;',
    replace: 'const MOST_VALUES = 100;',
    tests: METRICS,
  },
  {
    name: 'leave out the values that do not fit into the first line',
    rule: RULE,
    file: LINES,
    find: 'from < longest; from += MOST_VALUES',
    replace: 'from < Math.min(longest, 1); from += MOST_VALUES',
    tests: METRICS,
  },
  {
    name: 'count again what an earlier invocation has told',
    rule: TRUE,
    file: LINES,
    find: '    totals.values.clear();\n',
    replace: '',
    tests: ['test/aws/telemetry.test.ts', ...METRICS],
  },
  {
    name: 'add up states',
    rule: TRUE,
    file: LINES,
    find: "const sum = gathered === 'count' && typeof before === 'number' ? before : 0;",
    replace: "const sum = typeof before === 'number' ? before : 0;",
    tests: METRICS,
  },
  {
    name: 'emit metrics though they are off',
    rule: RULE,
    file: 'lambdas/core/metric-names.ts',
    find: "level === 'full' || (level === 'essential' && ",
    replace: "level === 'full' || (",
    tests: ['test/aws/observability.test.ts', ...METRICS],
  },
  {
    name: 'make a dimension of whatever a classifier says',
    rule: RULE,
    file: EVENTS,
    find: "KNOWN_REASONS.has(event.reason) ? event.reason : 'UNKNOWN'",
    replace: 'event.reason',
    tests: METRICS,
  },
  {
    name: 'tell of what needs a person only while something does',
    rule: TRUE,
    file: EVENTS,
    find: "      lines.record('needsPerson', Number(watch.ask()));\n",
    replace: "      if (watch.ask()) lines.record('needsPerson', 1);\n",
    tests: METRICS,
  },
  {
    name: 'need a person for ever after one settlement was refused',
    rule: TRUE,
    file: PERSON,
    find: '      met = false;\n      return answer;',
    replace: '      return answer;',
    tests: ['test/core/needs-person.test.ts'],
  },
  {
    name: 'leave a hold to a controller that a consumer may not have',
    rule: TRUE,
    file: PERSON,
    find: "new Set(['misconfigured', 'internal-error', 'held', 'halted'])",
    replace: "new Set(['misconfigured', 'internal-error'])",
    tests: ['test/core/needs-person.test.ts'],
  },
  {
    name: 'need a person for a refused configuration only once',
    rule: TRUE,
    file: PERSON,
    find: "        case 'configuration-refused':\n          refused = true;",
    replace: "        case 'configuration-refused':\n          met = true;",
    tests: ['test/core/needs-person.test.ts'],
  },
  {
    name: 'go on needing a person when the configuration is good again',
    rule: TRUE,
    file: PERSON,
    find: '          refused = false;',
    replace: '          refused = refused === true;',
    tests: ['test/core/needs-person.test.ts'],
  },
  {
    name: 'say nothing of an intake that cannot be looked after',
    rule: TRUE,
    file: INTAKE,
    find: "      if (event.kind === 'intake-error') linesOf(event.consumerId)?.record('needsPerson', 1);\n",
    replace: '',
    tests: METRICS,
  },
  {
    name: 'emit everything from the controller, whatever the consumer’s level',
    rule: RULE,
    file: INTAKE,
    find: 'metricLines(consumerId, observability)',
    replace: "metricLines(consumerId, observability === 'off' ? 'off' : 'full')",
    tests: METRICS,
  },
  {
    name: 'take the last circuit’s half-open time for the longest',
    rule: TRUE,
    file: INTAKE,
    find: "  lines.record('circuitHalfOpenFor', Math.max(0, ...halfOpenForSeconds.values()));\n",
    replace: '',
    tests: METRICS,
  },
  {
    name: 'tell a half-open time of every circuit',
    rule: TRUE,
    file: STATUS,
    find: "item?.state === 'half-open' ? [[name,",
    replace: 'item !== undefined ? [[name,',
    tests: ['test/core/intake/controller.test.ts'],
  },
  {
    name: 'count calls that said nothing of the dependency',
    rule: TRUE,
    file: SHARED,
    find: "if (outcome.kind !== 'ignored') onCall?.(outcome.kind === 'failure');",
    replace: "onCall?.(outcome.kind === 'failure');",
    tests: SHARED_CIRCUIT,
  },
  {
    name: 'measure the recovery from the last opening',
    rule: TRUE,
    file: LOCAL,
    find: "const since = state.kind === 'closed' ? now : state.since;",
    replace: 'const since = now;',
    tests: ['test/core/circuit/local-circuit.test.ts'],
  },
  {
    name: 'forget when a circuit tripped',
    rule: TRUE,
    file: STEPS,
    find: '      reopened: 0,\n      lastError,\n      since: now,\n',
    replace: '      reopened: 0,\n      lastError,\n',
    tests: ['test/core/circuit/shared-steps.test.ts', ...SHARED_CIRCUIT],
  },
  {
    name: 'look for the opening in what the close has left',
    rule: TRUE,
    file: SHARED,
    find: 'if (answer.value.applied && from !== undefined) changed(from, openSince);',
    replace: 'if (answer.value.applied && from !== undefined) changed(from, known?.since);',
    tests: SHARED_CIRCUIT,
  },
  {
    name: 'take the time to expiry from when a message was received',
    rule: TRUE,
    file: 'lambdas/core/settlement.ts',
    find: 'timeToExpiryMs: Math.max(0, expiresAt - now)',
    replace: 'timeToExpiryMs: Math.max(0, expiresAt - receivedAt)',
    tests: ['test/core/settlement.test.ts'],
  },
  {
    name: 'take every dead letter for a replay that failed',
    rule: TRUE,
    file: 'lambdas/core/mover.ts',
    find: 'if (wasReplayed(message)) emit(',
    replace: 'emit(',
    tests: ['test/core/settlement.test.ts'],
  },
  {
    name: 'take a duplicate for a replay that was handled',
    rule: TRUE,
    file: 'lambdas/core/pipeline.ts',
    find: "const handled = verdict.kind === 'done' && verdict.handled === true;",
    replace: "const handled = verdict.kind === 'done';",
    tests: ['test/core/pipeline.test.ts'],
  },
  {
    name: 'take a message that failed once for one that was retried',
    rule: TRUE,
    file: 'lambdas/core/failure-judge.ts',
    find: 'firstAttemptAt === undefined || movedAt <= firstAttemptAt',
    replace: 'firstAttemptAt === undefined',
    tests: ['test/core/pipeline.test.ts'],
  },
];
