/** `npm run bench -- NAME`: runs one benchmark, which prints a table and writes `out/bench-NAME.json`. */
const BENCHMARKS: Readonly<Record<string, () => Promise<{ run: () => Promise<boolean> }>>> = {
  local: () => import('./local.ts'),
  overhead: () => import('./overhead.ts'),
};

const name = process.argv[2] ?? '';
const load = BENCHMARKS[name];
if (load === undefined) {
  console.error(`no benchmark "${name}"; there are: ${Object.keys(BENCHMARKS).join(', ')}`);
  process.exitCode = 2;
} else {
  const { run } = await load();
  process.exitCode = (await run()) ? 0 : 1;
}
