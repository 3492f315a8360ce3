import { onTestFinished, vi } from 'vitest';

/** A line in CloudWatch's embedded metric format, read. */
export interface Emf {
  readonly namespace: string;
  readonly dimensions: Readonly<Record<string, unknown>>;
  /** Value and unit of each metric. */
  readonly metrics: Readonly<Record<string, readonly [value: unknown, unit: string]>>;
}

/** Everything that is written to standard output and error from now on, for one test. */
export function consoleLines(): { text(): string; logs(): Record<string, unknown>[]; emf(): Emf[] } {
  const written: string[] = [];
  for (const stream of [process.stdout, process.stderr]) {
    const spy = vi.spyOn(stream, 'write').mockImplementation((chunk) => {
      written.push(String(chunk));
      return true;
    });
    onTestFinished(() => spy.mockRestore());
  }
  const lines = (): Record<string, unknown>[] =>
    written
      .join('')
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line));
  return {
    text: () => written.join(''),
    logs: () => lines().filter((line) => !('_aws' in line)),
    emf: () => lines().flatMap(emfOf),
  };
}

interface EmfLine {
  readonly _aws?: {
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string;
      readonly Dimensions: readonly (readonly string[])[];
      readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[];
    }[];
  };
}

function emfOf(line: Readonly<Record<string, unknown>> & EmfLine): Emf[] {
  return (line._aws?.CloudWatchMetrics ?? []).flatMap(({ Namespace, Dimensions, Metrics }) =>
    Dimensions.map((names) => ({
      namespace: Namespace,
      dimensions: Object.fromEntries(names.map((name) => [name, line[name]])),
      metrics: Object.fromEntries(Metrics.map(({ Name, Unit }) => [Name, [line[Name], Unit] as const])),
    })),
  );
}
