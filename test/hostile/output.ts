/** What the process writes meanwhile. */
export interface CapturedOutput {
  /** Lines since the last {@link clear}. */
  lines(): readonly string[];
  clear(): void;
  /** Let output through again. */
  restore(): void;
}

/** Keep everything that is written to standard output and standard error, by whichever logger, instead of writing it. */
export function captureOutput(): CapturedOutput {
  let written = '';
  const streams = [process.stdout, process.stderr];
  const originals = streams.map((stream) => stream.write);
  for (const stream of streams) {
    stream.write = (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
      written += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
      const done = rest.at(-1);
      if (typeof done === 'function') done();
      return true;
    };
  }
  return {
    lines: () => written.split('\n').filter((line) => line !== ''),
    clear() {
      written = '';
    },
    restore() {
      for (const [at, stream] of streams.entries()) {
        const original = originals[at];
        if (original !== undefined) stream.write = original;
      }
    },
  };
}
