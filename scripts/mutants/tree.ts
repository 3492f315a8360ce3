import { execFile } from 'node:child_process';
import { cp, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A copy of the working tree, in which something may be broken. */
export interface Tree {
  readonly path: string;
  remove(): Promise<void>;
}

/** Copy what git knows of the working tree, changes included; the packages are shared. */
export async function copyTree(): Promise<Tree> {
  const { stdout } = await run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard']);
  const path = await realpath(await mkdtemp(join(tmpdir(), 'spillway-mutant-')));
  for (const file of new Set(stdout.split('\0'))) {
    if (file === '' || file === 'node_modules') continue;
    await cp(file, join(path, file), { recursive: true }).catch((error: unknown) => {
      // A file that was deleted, but not yet from git's index, is not part of the tree any more.
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    });
  }
  await symlink(await realpath('node_modules'), join(path, 'node_modules'), 'dir');
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
