import { parseArgs } from 'node:util';

/** What a run is asked to do. */
export interface ChaosOptions {
  readonly messages: number;
  readonly seeds: readonly number[];
  readonly queues: readonly ('standard' | 'fifo')[];
  readonly faults: 'all' | 'kills' | 'none';
  readonly kills: number | undefined;
  readonly storeOutage: boolean;
  readonly withoutIdempotency: boolean;
  readonly rate: number;
  readonly json: string;
  readonly trace: string | undefined;
}

const HELP = `Break everything around a consumer while it works, then check that its promises held.

Usage: npm run chaos -- [options]

  --messages N            messages of a run (default 2000)
  --seed S                seed; the same seed plans the same faults (default 1)
  --seeds N               that many runs, with the seeds S, S + 1, ... (default 1)
  --fifo, --standard      kind of queue (default: a run of each)
  --faults KIND           all, kills, or none (default all)
  --kills N               exactly N messages have their environment killed (default with kills: one in 40)
  --store-outage          kill the state table for the middle third of the run; no other faults
  --without-idempotency   switch idempotency off: the run then fails, because effects happen twice
  --rate N                messages sent a second (default 100)
  --json FILE             where the result is written (default out/chaos.json)
  --trace FILE            where everything that happened is written, a line each (default: nowhere)
  --help                  this text

Exit code: 0 if every promise held, 1 if not, 2 for a wrong option.
`;

/** Read the command line; says what is wrong with it, and ends the process then. */
export function chaosOptions(args: readonly string[]): ChaosOptions {
  try {
    return parse(args);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    process.exit(2);
  }
}

function parse(args: readonly string[]): ChaosOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      messages: { type: 'string', default: '2000' },
      seed: { type: 'string', default: '1' },
      seeds: { type: 'string', default: '1' },
      fifo: { type: 'boolean', default: false },
      standard: { type: 'boolean', default: false },
      faults: { type: 'string' },
      kills: { type: 'string' },
      'store-outage': { type: 'boolean', default: false },
      'without-idempotency': { type: 'boolean', default: false },
      rate: { type: 'string', default: '100' },
      json: { type: 'string', default: 'out/chaos.json' },
      trace: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    process.exit(0);
  }
  const messages = integer('--messages', values.messages, 20);
  const seed = integer('--seed', values.seed, 0);
  const kills = values.kills === undefined ? undefined : integer('--kills', values.kills, 0);
  const storeOutage = values['store-outage'];
  const faults = values.faults ?? (storeOutage ? 'none' : kills === undefined ? 'all' : 'kills');
  if (faults !== 'all' && faults !== 'kills' && faults !== 'none') {
    throw new Error(`--faults must be all, kills or none, got ${faults}`);
  }
  if (kills !== undefined && faults !== 'kills')
    throw new Error(`--kills needs --faults kills, got ${faults}`);
  if (kills !== undefined && kills > messages / 2) {
    throw new Error(`--kills must be at most half of the messages, got ${kills} of ${messages}`);
  }
  const both = values.fifo === values.standard;
  return {
    messages,
    seeds: Array.from({ length: integer('--seeds', values.seeds, 1) }, (_each, at) => seed + at),
    queues: both ? ['standard', 'fifo'] : [values.fifo ? 'fifo' : 'standard'],
    faults,
    kills: kills ?? (faults === 'kills' ? Math.floor(messages / 40) : undefined),
    storeOutage,
    withoutIdempotency: values['without-idempotency'],
    rate: integer('--rate', values.rate, 1),
    json: values.json,
    trace: values.trace,
  };
}

function integer(option: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new Error(`${option} must be an integer of ${least} or more, got ${text}`);
}
