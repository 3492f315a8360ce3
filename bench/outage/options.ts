import { parseArgs } from 'node:util';
import { CONTENDERS, type ContenderName } from './contenders.ts';

/** What a run is asked to do. */
export interface OutageOptions {
  readonly contenders: readonly ContenderName[];
  readonly workloads: readonly ('outage' | 'trickle')[];
  readonly messages: number;
  /** Time in which the messages of the outage arrive. Seconds. */
  readonly seconds: number;
  readonly json: string;
  readonly svg: string;
}

const HELP = `Take the dependency of a consumer away for a while: Spillway against consumers made of other things.

Usage: npm run bench -- outage [options]

  --only NAME       that contender only, may be given several times: ${CONTENDERS.join(', ')}
  --workload NAME   outage or trickle only (default both)
  --messages N      messages of the outage (default 5000)
  --seconds N       time in which they arrive; the dependency is down for a third of it (default 150)
  --json FILE       where the result is written (default out/bench-outage.json)
  --svg FILE        where the chart is written (default out/bench-outage.svg)
  --help            this text

Exit code: 0 if what is promised of Spillway held, 1 if not, 2 for a wrong option.
`;

/** Read the command line; says what is wrong with it, and ends the process then. */
export function outageOptions(args: readonly string[]): OutageOptions {
  try {
    return parse(args);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    process.exit(2);
  }
}

function parse(args: readonly string[]): OutageOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', multiple: true, default: [] },
      workload: { type: 'string', default: 'both' },
      messages: { type: 'string', default: '5000' },
      seconds: { type: 'string', default: '150' },
      json: { type: 'string', default: 'out/bench-outage.json' },
      svg: { type: 'string', default: 'out/bench-outage.svg' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    process.exit(0);
  }
  const { only, workload, json, svg } = values;
  const unknown = only.find((name) => !CONTENDERS.some((known) => known === name));
  if (unknown !== undefined)
    throw new Error(`--only must be one of ${CONTENDERS.join(', ')}, got ${unknown}`);
  if (workload !== 'both' && workload !== 'outage' && workload !== 'trickle') {
    throw new Error(`--workload must be outage or trickle, got ${workload}`);
  }
  return {
    contenders: CONTENDERS.filter((name) => only.length === 0 || only.includes(name)),
    workloads: workload === 'both' ? ['outage', 'trickle'] : [workload],
    messages: integer('--messages', values.messages),
    seconds: integer('--seconds', values.seconds),
    json,
    svg,
  };
}

function integer(option: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new Error(`${option} must be an integer of 1 or more, got ${text}`);
}
