import type { Mutant } from './mutant.ts';

const FOLDER = 'local/cloudwatch';
const ALARMS = 'local CloudWatch: an alarm changes when CloudWatch would change it';
const NUMBERS = 'local CloudWatch: a metric says what CloudWatch would say';

const test = (name: string): string => `test/local/cloudwatch/${name}.test.ts`;

const mutant =
  (rule: string, file: string, ...tests: readonly string[]) =>
  (name: string, find: string, replace: string): Mutant => {
    return {
      name,
      rule,
      file: file.includes('/emulators/') ? file : `${FOLDER}/${file}`,
      find,
      replace,
      tests: tests.map(test),
    };
  };

const missing = mutant(ALARMS, 'alarms/missing-data.ts', 'missing-data');
const evaluation = mutant(ALARMS, 'alarms/evaluate.ts', 'alarm-book');
const book = mutant(ALARMS, 'alarms/alarm-book.ts', 'alarm-book');
const composite = mutant(ALARMS, 'alarms/composite.ts', 'composite');
const reason = mutant(ALARMS, 'alarms/reason.ts', 'alarm-book');
const ticker = mutant(ALARMS, 'ticker.ts', 'ticker');
const store = mutant(NUMBERS, 'metric-store.ts', 'metric-store');
const samples = mutant(NUMBERS, 'samples.ts', 'statistics');
const statistics = mutant(NUMBERS, 'statistics.ts', 'statistics');
const emf = mutant(NUMBERS, 'emf.ts', 'emf');
const parser = mutant(NUMBERS, 'math/parser.ts', 'metric-math');
const operators = mutant(NUMBERS, 'math/operators.ts', 'metric-math');
const functions = mutant(NUMBERS, 'math/functions.ts', 'metric-math');
const filling = mutant(NUMBERS, 'math/fill.ts', 'metric-math');
const aggregates = mutant(NUMBERS, 'math/aggregates.ts', 'metric-math');
const activity = mutant(NUMBERS, 'local/emulators/queue-activity.ts', 'queue-activity');
const queues = mutant(NUMBERS, 'queue-metrics.ts', 'queue-activity');
const put = mutant(NUMBERS, 'put-metric-data.ts', 'api');
const times = mutant(NUMBERS, 'api-time.ts', 'api-time');

/** Mutants of the local CloudWatch. */
export const CLOUDWATCH_MUTANTS: readonly Mutant[] = [
  missing('let the oldest datapoints decide', '.slice(-n);', '.slice(0, n);'),
  missing('ask for one breaching datapoint more', 'if (breaching >= m)', 'if (breaching > m)'),
  missing('fill in nothing that breaches', 'breaching + filled >= m', 'breaching >= m'),
  missing('take a good datapoint for none', "  if (breaching < evaluated.length) return found('OK');\n", ''),
  missing('alarm before the datapoint is old', 'marks.length - oldest >= m', 'marks.length - oldest >= 1'),
  missing(
    'change what shall stay as it is',
    "missing === 'ignore' ? undefined : 'INSUFFICIENT_DATA'",
    "'INSUFFICIENT_DATA'",
  ),
  missing('look back no further than needed', 'return evaluationPeriods + 2;', 'return evaluationPeriods;'),
  evaluation(
    'let periods of alarms begin on the clock',
    'offsetMs: ((endEpochMs % periodMs) + periodMs) % periodMs,',
    'offsetMs: 0,',
  ),
  evaluation(
    'evaluate an alarm before it is warm',
    'if (warmUp === undefined || ageMs >=',
    'if (warmUp === undefined || 0 <= ageMs || ageMs >=',
  ),
  evaluation(
    'evaluate a percentile that rests on too little',
    'if (samples !== undefined && samples <',
    'if (samples !== undefined && samples < 0 &&  samples <',
  ),
  book(
    'evaluate within the minute',
    'definition.periodSeconds >= 60 && atEpochMs % MINUTE_MS !== 0',
    'definition.periodSeconds > 60 && atEpochMs % MINUTE_MS !== 0',
  ),
  book('evaluate composite alarms once', 'round <= composites.length', 'round < 1'),
  book(
    'let a listener end the evaluation',
    '        onError(entry.alarm, error); // who listens has no say in how alarms go',
    '        throw error;',
  ),
  composite(
    'let OR bind before AND',
    "joined('OR', allOf);\n  const allOf = (): CompositeRule => joined('AND', not);",
    "joined('AND', allOf);\n  const allOf = (): CompositeRule => joined('OR', not);",
  ),
  composite('ignore what follows a rule', '  if (next < all.length) throw', '  if (next < 0) throw'),
  reason('name the datapoints that speak against it', "=== (to === 'ALARM'))", "!== (to === 'ALARM'))"),
  ticker(
    'forget what was missed',
    '      due += intervalMs;\n',
    '      due = (Math.floor(now / intervalMs) + 1) * intervalMs;\n',
  ),
  ticker(
    'evaluate before what was written has arrived',
    'const now = clock.now() - settle;',
    'const now = clock.now() + settle;',
  ),
  store(
    'take the end of a window into it',
    'at < endEpochMs; at += resolutionMs',
    'at <= endEpochMs; at += resolutionMs',
  ),
  store('keep everything for ever', 'if (oldest > newest - keptMs) break;', 'if (oldest > 0) break;'),
  store('tell dimensions apart by their order', 'Object.keys(dimensions).sort()', 'Object.keys(dimensions)'),
  samples('keep every different value', 'values.size >= EXACT_VALUES', 'values.size >= 1e9'),
  statistics('take the lower bound in', 'value > low && value <= high', 'value >= low && value <= high'),
  statistics('round a rank as floating point has it', 'return Number(rank.toPrecision(12));', 'return rank;'),
  statistics(
    'give percentiles of negative values',
    'return complete && min >= 0 && count > 0;',
    'return complete && count > 0;',
  ),
  emf('leave durations in the machine’s time', '? clock.scale : 1;', '? 1 : 1;'),
  emf('leave timestamps in the machine’s time', 'clock.at(machineEpochMs)', 'machineEpochMs'),
  emf(
    'put only one dimension set',
    'for (const dimensions of sets) {',
    'for (const dimensions of sets.slice(0, 1)) {',
  ),
  parser(
    'let a sign bind before a power',
    "accept('^') === undefined ? left : { type: 'binary', operator: '^', left, right: sign() }",
    "accept('^') === undefined ? left : { type: 'binary', operator: '*', left, right: sign() }",
  ),
  parser(
    'read differences from the right',
    'left, right: binary(level + 1) };',
    'left, right: binary(level) };',
  ),
  operators(
    'drop points that only one series has',
    'right.points.get(at) ?? 0)] as const',
    'right.points.get(at) ?? Number.NaN)] as const',
  ),
  functions(
    'give no 0 where the chosen series has no point',
    '(pointOf(then, at) ?? 0)',
    'pointOf(then, at)',
  ),
  functions('tell a rate by the period', '(value - before) / seconds', '(value - before) / 60'),
  filling(
    'repeat what comes after the gap',
    'last = points.get(at) ?? last;',
    'last = points.get(at) ?? [...points.values()].at(-1);',
  ),
  aggregates(
    'average over what is there only',
    'AVG: (values, of) => sum(values) / of,',
    'AVG: (values) => sum(values) / values.length,',
  ),
  activity(
    'count what SQS moved as sent',
    'if (message.approximateReceiveCount === 0) sent += 1;',
    'sent += 1;\n    if (message.approximateReceiveCount === 0) void 0;',
  ),
  activity('count the age of poison', 'receives >= POISON_RECEIVES', 'receives > 1_000'),
  activity(
    'count the age of a dead letter from its sending',
    'return arrival?.atEpochMs ?? message.sentTimestamp;',
    'return message.sentTimestamp;',
  ),
  queues('tell ages in the machine’s time', '* clock.scale) / 1_000', ') / 1_000'),
  queues('report what was sent again and again', 'before.set(name, { sent, received, deleted });', ''),
  put(
    'put the data before a refused one',
    'for (const put of data.map((datum) => preparePut(datum, namespace, options))) put();',
    'for (const datum of data) preparePut(datum, namespace, options)();',
  ),
  times('take times of the API for the stack’s', 'machineEpochMs + ahead()', 'machineEpochMs'),
];
