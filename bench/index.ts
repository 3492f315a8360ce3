/** A benchmark; it returns whether what it demands held. */
interface Benchmark {
  /** Run it with the arguments that follow its name. */
  readonly run: (args: readonly string[]) => Promise<boolean>;
}

/** `npm run bench -- NAME`: runs one benchmark, which prints a table and writes `out/bench-NAME.json`. */
const BENCHMARKS: Readonly<Record<string, () => Promise<Benchmark>>> = {
  local: () => import('./local.ts'),
  metrics: () => import('./metrics.ts'),
  outage: () => import('./outage/index.ts'),
  overhead: () => import('./overhead.ts'),
};

const name = process.argv[2] ?? '';
const load = BENCHMARKS[name];
if (load === undefined) {
  console.error(`no benchmark "${name}"; there are: ${Object.keys(BENCHMARKS).join(', ')}`);
  process.exitCode = 2;
} else {
  const { run } = await load();
  process.exitCode = (await run(process.argv.slice(3))) ? 0 : 1;
}
