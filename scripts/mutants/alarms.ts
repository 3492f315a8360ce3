import type { Mutant } from './mutant.ts';

const CHOSEN = 'lib/monitoring/chosen-watches.ts';
const PERSON = 'lib/monitoring/needs-person.ts';
const COST = 'lib/monitoring/monitoring-cost.ts';
const METRICS = 'lib/monitoring/custom-metrics.ts';
const SET_ASIDE = 'lib/monitoring/set-aside-watches.ts';
const INTAKE = 'lib/monitoring/intake-watches.ts';
const ALARMS = 'lib/monitoring/resilience-alarms.ts';

const CALLS = 'alarms: whoever is needed is called, once';
const TRUE = 'alarms: none goes off for what is as it should be';
const SAID = 'alarms: what is asked for is there or refused, and what it costs is said';

const ALARM_TEST = ['test/lib/alarms.test.ts', 'test/lib/alarm-options.test.ts'];
const PERSON_TEST = ['test/lib/needs-person.test.ts'];
const COST_TEST = ['test/lib/monitoring-cost.test.ts'];
const EVERY_TEST = ['test/local/every-alarm.test.ts'];
const BACKSTOP_TEST = ['test/lib/backstop-redrives.test.ts'];
const ONCE_TEST = ['test/lib/one-incident.test.ts'];

/** Mutants of the alarms, of the one that calls for a person, and of what they cost. */
export const ALARM_MUTANTS: readonly Mutant[] = [
  {
    name: 'call nobody for a function that cannot start',
    rule: CALLS,
    file: 'lib/monitoring/runtime-watches.ts',
    find: "    needs: 'essential',\n    level: 'essential',\n    urgency: 'always',\n    description:\n      `Invocations",
    replace:
      "    needs: 'essential',\n    level: 'essential',\n    urgency: 'never',\n    description:\n      `Invocations",
    tests: PERSON_TEST,
  },
  {
    name: 'let a count ring on when nothing is counted any more',
    rule: TRUE,
    file: 'lib/monitoring/runtime-metrics.ts',
    find: "expression: 'FILL(count, 0)'",
    replace: "expression: 'count * 1'",
    tests: EVERY_TEST,
  },
  {
    name: 'let a deployment set the alarm on silence off',
    rule: TRUE,
    file: ALARMS,
    find: 'if (watch.missing === TreatMissingData.BREACHING) warmUp(alarm);',
    replace: '',
    tests: ALARM_TEST,
  },
  {
    name: 'call somebody anew after each probe of a long outage',
    rule: CALLS,
    file: INTAKE,
    find: "      metric: intakeMetric(consumerId, 'intakePausedFor'),\n      ...AT_ONCE_FOR_FIVE,\n",
    replace: "      metric: intakeMetric(consumerId, 'intakePausedFor'),\n",
    tests: ONCE_TEST,
  },
  {
    name: 'call somebody anew whenever dead letters have been read',
    rule: CALLS,
    file: SET_ASIDE,
    find: '      threshold: options.deadLetterDepth ?? 100,\n      metric: depth,\n      ...AT_ONCE_FOR_FIVE,\n',
    replace: '      threshold: options.deadLetterDepth ?? 100,\n      metric: depth,\n',
    tests: ONCE_TEST,
  },
  {
    name: 'take letters that come back from being read for new ones',
    rule: TRUE,
    file: SET_ASIDE,
    find: "'RATE(visible + hidden) * 60'",
    replace: "'RATE(visible) * 60'",
    tests: ['test/lib/queue-growth.test.ts'],
  },
  {
    name: 'call somebody for the backlog of an outage that is handled',
    rule: TRUE,
    file: PERSON,
    find: 'AlarmRule.allOf(AlarmRule.anyOf(...backlog), AlarmRule.not(handled))',
    replace: 'AlarmRule.anyOf(...backlog)',
    tests: PERSON_TEST,
  },
  {
    name: 'take any backlog for that of an outage',
    rule: CALLS,
    file: PERSON,
    find: 'AlarmRule.allOf(AlarmRule.anyOf(...backlog), AlarmRule.not(handled))',
    replace: 'AlarmRule.allOf(AlarmRule.anyOf(...backlog), handled)',
    tests: PERSON_TEST,
  },
  {
    name: 'excuse everything while an outage is handled',
    rule: CALLS,
    file: PERSON,
    find: '    alarmRule: AlarmRule.anyOf(...rules),',
    replace:
      '    alarmRule: handled === undefined ? AlarmRule.anyOf(...rules) : AlarmRule.allOf(AlarmRule.anyOf(...rules), AlarmRule.not(handled)),',
    tests: PERSON_TEST,
  },
  {
    name: 'excuse messages that are close to their expiry',
    rule: CALLS,
    file: 'lib/monitoring/queue-watches.ts',
    find: "    urgency: 'always',",
    replace: "    urgency: 'unless-handled',",
    tests: PERSON_TEST,
  },
  {
    name: 'excuse a backlog while the intake is not paused for the open circuit',
    rule: CALLS,
    file: INTAKE,
    find: 'open > 0 AND pausedFor > 0',
    replace: 'open > 0 OR pausedFor > 0',
    tests: ALARM_TEST,
  },
  {
    name: 'go on excusing when the controller has fallen silent',
    rule: CALLS,
    file: INTAKE,
    find: "      datapointsToAlarm: 1,\n      missing: TreatMissingData.NOT_BREACHING,\n      needs: levelOf('circuitsOpen', 'intakePausedFor'),",
    replace:
      "      datapointsToAlarm: 1,\n      missing: TreatMissingData.IGNORE,\n      needs: levelOf('circuitsOpen', 'intakePausedFor'),",
    tests: ALARM_TEST,
  },
  {
    name: 'take the silence of the controller for good news',
    rule: CALLS,
    file: INTAKE,
    find: 'TreatMissingData.BREACHING',
    replace: 'TreatMissingData.NOT_BREACHING',
    tests: ALARM_TEST,
  },
  {
    name: 'have each alarm call, beside the one for all',
    rule: CALLS,
    file: ALARMS,
    find: 'composite === undefined ? this.alarms : [composite]',
    replace: 'composite === undefined ? this.alarms : [composite, ...this.alarms]',
    tests: ALARM_TEST,
  },
  {
    name: 'call for an alarm that is to be quiet',
    rule: CALLS,
    file: ALARMS,
    find: 'needsPersonAlarm(this, heard, props.consumerId)',
    replace: 'needsPersonAlarm(this, ranked, props.consumerId)',
    tests: PERSON_TEST,
  },
  {
    name: 'tell nobody where there is no alarm for all',
    rule: CALLS,
    file: ALARMS,
    find: 'composite === undefined ? this.alarms : [composite]',
    replace: 'composite === undefined ? [] : [composite]',
    tests: ALARM_TEST,
  },
  {
    name: 'overlook actions for alarms that are not there',
    rule: SAID,
    file: ALARMS,
    find: "this.checkNames('actionsFor', Object.keys(actionsFor), problems);",
    replace: '',
    tests: ALARM_TEST,
  },
  {
    name: 'take late messages of the runtime for moves of SQS',
    rule: TRUE,
    file: SET_ASIDE,
    find: ' - (sent - DIFF(sent))',
    replace: '',
    tests: BACKSTOP_TEST,
  },
  {
    name: 'take dead letters that somebody looks at for moves of SQS',
    rule: TRUE,
    file: SET_ASIDE,
    find: 'DIFF(visible + hidden)',
    replace: 'DIFF(visible)',
    tests: BACKSTOP_TEST,
  },
  {
    name: 'subtract twice what the runtime sends now',
    rule: CALLS,
    file: SET_ASIDE,
    find: '(sent - DIFF(sent))',
    replace: '(sent + sent)',
    tests: BACKSTOP_TEST,
  },
  {
    name: 'leave out an alarm that was asked for at a level that could have it',
    rule: SAID,
    file: CHOSEN,
    find: "  if (given === undefined) return level === 'full' || level === watch.level;",
    replace: "  if (level !== 'off') return level === 'full' || level === watch.level;",
    tests: ALARM_TEST,
  },
  {
    name: 'make an alarm on a metric that is not emitted',
    rule: SAID,
    file: CHOSEN,
    find: "level === 'off' || (level === 'essential' && needs === 'full')",
    replace: "level === 'off'",
    tests: ALARM_TEST,
  },
  {
    name: 'take a share of more than all',
    rule: SAID,
    file: CHOSEN,
    find: ' && threshold <= most',
    replace: '',
    tests: ALARM_TEST,
  },
  {
    name: 'take every message for one that is close to its expiry',
    rule: TRUE,
    file: CHOSEN,
    find: 'if (left === false || left < retryUntilSeconds) return;',
    replace: 'return;',
    tests: ALARM_TEST,
  },
  {
    name: 'warn an hour before the expiry of what lives for less',
    rule: TRUE,
    file: 'lib/monitoring/queue-watches.ts',
    find: '  return Math.min(HOUR_SECONDS, quarter);',
    replace: '  return Math.max(HOUR_SECONDS, quarter);',
    tests: ALARM_TEST,
  },
  {
    name: 'count an alarm on an expression as one metric',
    rule: SAID,
    file: COST,
    find: '  if (!Array.isArray(metrics)) return 1;',
    replace: '  if (alarm !== undefined) return 1;',
    tests: COST_TEST,
  },
  {
    name: 'charge users for alarms of their own',
    rule: SAID,
    file: COST,
    find: 'new Set(constructs.flatMap((construct) => construct.node.findAll()))',
    replace: 'new Set(stack.node.findAll())',
    tests: COST_TEST,
  },
  {
    name: 'overlook the break-down by cause',
    rule: SAID,
    file: METRICS,
    find: 'return DEFERRAL_CAUSES.length;',
    replace: 'return 0;',
    tests: COST_TEST,
  },
  {
    name: 'count the metrics of one circuit for all',
    rule: SAID,
    file: METRICS,
    find: '  return circuits;',
    replace: '  return 1;',
    tests: COST_TEST,
  },
  {
    name: 'make composite alarms for nothing',
    rule: SAID,
    file: 'lib/monitoring/prices.ts',
    find: '    compositeAlarms * PRICES.compositeAlarm +\n',
    replace: '',
    tests: COST_TEST,
  },
  {
    name: 'let an alarm change without its page',
    rule: SAID,
    file: SET_ASIDE,
    find: 'threshold: options.poison ?? 20,',
    replace: 'threshold: options.poison ?? 21,',
    tests: ['test/docs/alarms-page.test.ts'],
  },
  {
    name: 'give every lane the level of all',
    rule: SAID,
    file: 'lib/private/lane-props.ts',
    find: '    ...polling,\n    ...own,',
    replace: '    ...own,\n    ...polling,\n    ...shared,',
    tests: ALARM_TEST,
  },
];
