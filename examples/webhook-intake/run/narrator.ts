/** What a line of a function's log tells of the circuit and of the intake, in words; nothing if it is about something else. */
export function narrate(line: string): string | undefined {
  if (!TOLD.some((message) => line.includes(message))) return undefined;
  const { message, circuit, to, why, concurrency }: LogLine = JSON.parse(line);
  switch (message) {
    case 'circuit changed':
      return `the circuit of ${circuit} is ${to}`;
    case 'intake paused':
      return 'the intake is paused';
    case 'intake opened':
      return `the intake is open for ${why === 'full' ? 'everything' : `a ${why}: ${concurrency} invocations at a time`}`;
    default:
      return undefined;
  }
}

const TOLD = ['circuit changed', 'intake paused', 'intake opened'];

interface LogLine {
  readonly message?: string;
  readonly circuit?: string;
  readonly to?: string;
  readonly why?: string;
  readonly concurrency?: number | string;
}
