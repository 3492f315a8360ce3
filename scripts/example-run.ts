import { spawn } from 'node:child_process';

/** The webhook example, running on the local stack with its page. */
export interface ExampleRun {
  readonly pageUrl: string;
  /** Wait until it writes a text. */
  says(text: string): Promise<void>;
  /** End it, as Ctrl-C does. */
  stop(): Promise<void>;
}

/**
 * Start the example in a process of its own; it stays up when it is done.
 *
 * @throws if it ends before it says what is waited for, with what it wrote
 */
export async function startExample(args: readonly string[] = []): Promise<ExampleRun> {
  const program = ['--disable-warning=ExperimentalWarning', '--conditions=spillway-source'];
  const run = ['examples/webhook-intake/run/start.ts', '--no-once', ...args];
  const child = spawn(process.execPath, [...program, ...run], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let ended = false;
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const each of waiting) each();
  };
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += String(chunk);
      wake();
    });
  }
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  void closed.then(() => {
    ended = true;
    wake();
  });
  const says = async (text: string): Promise<void> => {
    while (!output.includes(text)) {
      if (ended) throw new Error(`the example ended before it said "${text}":\n${output}`);
      const news = Promise.withResolvers<void>();
      waiting.add(news.resolve);
      await news.promise;
      waiting.delete(news.resolve);
    }
  };
  const stop = async (): Promise<void> => {
    child.kill('SIGINT');
    await closed;
  };
  try {
    await says('Sending');
    const pageUrl = /live: (http:\S+)/.exec(output)?.[1];
    if (pageUrl === undefined) throw new Error(`the example serves no page:\n${output}`);
    return { pageUrl, says, stop };
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}
