import { parseArgs } from 'node:util';

/** What a run is asked to do. */
export interface RunOptions {
  /** End when everything is accounted for, rather than stay up. */
  readonly once: boolean;
  /** Run the functions in child processes. */
  readonly isolate: boolean;
  /** Switch idempotency off, to see the check fail. */
  readonly withoutIdempotency: boolean;
  /** Seed of the shuffle. */
  readonly seed: number;
  /** Serve the page with dashboards and alarms. */
  readonly page: boolean;
  /** Its port; 0 takes a free one. */
  readonly port: number;
  /** How many times as fast as the machine's the clock of alarms and dashboards runs. */
  readonly timeScale: number;
  /** File of the result. */
  readonly json: string;
}

const HELP = `Run the webhook example on this machine: synthesize, deploy to local emulators, feed it, break it, take stock.

Usage: npm start -- [options]

  --once                  end when everything is accounted for (the default without a terminal; --no-once stays up)
  --isolate               run the functions in child processes instead of worker threads
  --without-idempotency   switch idempotency off: the run then fails, because effects happen twice
  --seed N                seed of the order of deliveries (default 1)
  --port N                port of the page with dashboards and alarms (default: a free one)
  --no-page               do without that page
  --time-scale N          how fast the time of alarms and dashboards runs (default 30: an outage of six minutes in 12 s)
  --json FILE             where the result is written (default out/run.json)
  --help                  this text

Exit code: 0 if every message is accounted for and no effect happened twice, 1 if not, 2 for a wrong option.
`;

/** Read the command line; says what is wrong with it, and ends the process then. */
export function runOptions(args: readonly string[]): RunOptions {
  try {
    const { values } = parseArgs({
      args: [...args],
      allowNegative: true,
      options: {
        once: { type: 'boolean', default: !process.stdout.isTTY },
        isolate: { type: 'boolean', default: false },
        'without-idempotency': { type: 'boolean', default: false },
        seed: { type: 'string', default: '1' },
        page: { type: 'boolean', default: true },
        port: { type: 'string', default: '0' },
        'time-scale': { type: 'string', default: '30' },
        json: { type: 'string', default: 'out/run.json' },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      process.stdout.write(HELP);
      process.exit(0);
    }
    const seed = Number(values.seed);
    if (!Number.isSafeInteger(seed)) throw new Error(`--seed must be an integer, got ${values.seed}`);
    const port = Number(values.port);
    if (!(Number.isInteger(port) && port >= 0 && port <= 65_535))
      throw new Error(`--port must be an integer from 0 to 65535, got ${values.port}`);
    const timeScale = Number(values['time-scale']);
    if (!(timeScale >= 1)) throw new Error(`--time-scale must be 1 or more, got ${values['time-scale']}`);
    const { once, isolate, page, json } = values;
    return {
      once,
      isolate,
      withoutIdempotency: values['without-idempotency'],
      seed,
      page,
      port,
      timeScale,
      json,
    };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    process.exit(2);
  }
}
