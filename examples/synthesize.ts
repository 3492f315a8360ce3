import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Synthesize a CDK app into a directory, as `cdk synth` does but without its start-up time.
 *
 * @throws if the app fails, with what it wrote to standard error
 */
export async function synthesize(
  app: string,
  outdir: string,
  context: Readonly<Record<string, unknown>>,
): Promise<void> {
  await rm(outdir, { recursive: true, force: true });
  try {
    await run(process.execPath, ['--conditions=spillway-source', app], {
      env: { ...process.env, CDK_OUTDIR: outdir, CDK_CONTEXT_JSON: JSON.stringify(context) },
      maxBuffer: 64 * 1024 * 1024,
    });
  } catch (error) {
    const written = error instanceof Error && 'stderr' in error ? String(error.stderr) : '';
    throw new Error(`${app} could not be synthesized:\n${written}`, { cause: error });
  }
}
