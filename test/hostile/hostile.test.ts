import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';

const run = promisify(execFile);

it('lets no hostile message through, is not slowed down by one, and logs none', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'spillway-hostile-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const json = join(directory, 'result.json');
  // A process of its own: everything that it writes is looked at.
  const args = [
    '--conditions=spillway-source',
    'test/hostile/index.ts',
    '--messages',
    '3000',
    '--json',
    json,
  ];
  const { stdout } = await run(process.execPath, args).catch((error: { stdout: string }) => error);
  const { breaches, byReason, logLines } = JSON.parse(await readFile(json, 'utf8'));
  expect(breaches, stdout).toEqual([]);
  expect(Object.keys(byReason).sort()).toEqual([
    'DENIED_SOURCE',
    'INVALID_FORMAT',
    'LOW_REPUTATION',
    'MISSING_REQUIRED_FIELDS',
    'SCHEMA_VALIDATION_FAILED',
    'SIGNATURE_INVALID',
    'SIZE_LIMIT_EXCEEDED',
    'SUSPICIOUS_PATTERN',
  ]);
  expect(logLines).toBeGreaterThan(3_000);
}, 120_000);
