import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import * as z from 'zod';

const counts = z.record(z.string(), z.number());
const resultSchema = z.strictObject({
  sent: z.number(),
  handled: z.number(),
  duplicates: z.number(),
  deferred: z.number(),
  retried: z.number(),
  quarantined: counts,
  deadLettered: counts,
  lost: z.number(),
  calls: z.number(),
  repeatedCalls: z.number(),
  duplicateEffects: z.number(),
  outageSeconds: z.number(),
  callsDuringOutage: z.number(),
  seconds: z.number(),
});

async function start(
  ...args: string[]
): Promise<{ code: number | null; result: z.infer<typeof resultSchema>; output: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'spillway-start-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const json = join(directory, 'run.json');
  const program = [
    '--conditions=spillway-source',
    'examples/webhook-intake/run/start.ts',
    '--once',
    '--json',
    json,
    ...args,
  ];
  const child = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, output, result: resultSchema.parse(JSON.parse(await readFile(json, 'utf8'))) };
}

it('accounts for every message of a run with poison, duplicates and an outage', async () => {
  const { code, result, output } = await start();
  expect(output).toContain('all is well');
  expect(output).toMatch(/the intake is paused.*the circuit of tracker is closed/s);
  expect(code).toBe(0);
  expect(result).toMatchObject({
    sent: 383,
    handled: 324,
    duplicates: 38,
    quarantined: {
      SIGNATURE_INVALID: 3,
      INVALID_FORMAT: 12,
      SIZE_LIMIT_EXCEEDED: 3,
      SCHEMA_VALIDATION_FAILED: 3,
    },
    deadLettered: {},
    lost: 0,
    duplicateEffects: 0,
  });
  expect(result.callsDuringOutage).toBeGreaterThan(0);
  expect(result.outageSeconds).toBeGreaterThanOrEqual(10);
}, 180_000);

it('notices effects that happen twice once idempotency is switched off', async () => {
  const { code, result, output } = await start('--without-idempotency');
  expect(code).toBe(1);
  expect(result.duplicateEffects).toBeGreaterThan(0);
  expect(output).toContain('effects happened twice');
}, 180_000);
