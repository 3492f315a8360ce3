import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { runHostile } from './run.ts';

const HELP = `Deliver hostile messages to a consumer with every check switched on, and see that nothing comes of them.

Usage: npm run hostile -- [options]

  --messages N   messages (default 100000)
  --seed S       seed of the messages (default 1)
  --json FILE    where the result is written (default out/hostile.json)
  --help         this text

Exit code: 0 if none reached the handler, took over 50 ms, polluted a prototype or got into a log line; 1 if one did;
2 for a wrong option.
`;

const { messages, seed, json } = options();
const result = await runHostile({ messages, seed });
await mkdir(dirname(json), { recursive: true });
await writeFile(json, `${JSON.stringify(result, null, 2)}\n`);
const { byReason, breaches, slowestMs, slowOnce, logLines, seconds } = result;
for (const [reason, count] of Object.entries(byReason)) say(`${String(count).padStart(8)}  ${reason}`);
say(
  `slowest ${slowestMs} ms (${slowOnce} were slow once), ${logLines} log lines, ${seconds} s, seed ${seed}`,
);
for (const { what, family, at, body } of breaches)
  say(`message ${at} (${family}): ${what}\n    ${JSON.stringify(body)}`);
if (breaches.length > 0)
  say(`the same again: npm run hostile -- --messages ${(breaches[0]?.at ?? 0) + 1} --seed ${seed}`);
say(breaches.length === 0 ? `nothing came of ${messages} hostile messages` : `${breaches.length} breaches`);
process.exitCode = breaches.length === 0 ? 0 : 1;

function options() {
  try {
    const { values } = parseArgs({
      options: {
        messages: { type: 'string', default: '100000' },
        seed: { type: 'string', default: '1' },
        json: { type: 'string', default: 'out/hostile.json' },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      say(HELP);
      process.exit(0);
    }
    return {
      messages: integer('--messages', values.messages),
      seed: integer('--seed', values.seed),
      json: values.json,
    };
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    process.exit(2);
  }
}

function integer(option: string, text: string): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new Error(`${option} must be an integer of 1 or more, got ${text}`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
