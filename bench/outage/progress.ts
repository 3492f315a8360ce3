const start = performance.now();

/** Say on standard error what goes on, so that standard output keeps to the result. */
export function progress(who: string, what: string): void {
  const seconds = ((performance.now() - start) / 1_000).toFixed(0).padStart(4);
  process.stderr.write(`${seconds} s  ${who.padEnd(20)}  ${what}\n`);
}
