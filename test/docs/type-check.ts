import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { type Example, pageLine } from './example.ts';

const TSC = resolve('node_modules/typescript/bin/tsc');
const OPTIONS = resolve('tsconfig.json');
/** `path(line,column): error TS1234: text`; what goes on below is indented. */
const COMPLAINT = /^(\S.*?)\((\d+),\d+\): (error TS\d+: .*)$/;

/** Check examples in one program, under the options of the repository. What comes back is what is wrong, by page and line. */
export async function typeErrors(folder: string, examples: readonly Example[]): Promise<readonly string[]> {
  const project = join(folder, 'tsconfig.json');
  const config = {
    extends: relative(resolve(folder), OPTIONS),
    files: examples.map(({ file }) => file),
    include: [],
  };
  await writeFile(project, JSON.stringify(config)); // esbuild goes by it, too
  const { output, failed } = await compile(project);
  const byFile = new Map(examples.map((example) => [example.file, example]));
  const complaints = output.split('\n').flatMap((line) => {
    const [, file = '', at = '', complaint] = COMPLAINT.exec(line) ?? [];
    if (complaint === undefined) return [];
    const example = byFile.get(resolve(file));
    return [
      example === undefined ? line : `${example.block.page}:${pageLine(example, Number(at))}: ${complaint}`,
    ];
  });
  return failed && complaints.length === 0 ? [output] : complaints;
}

function compile(project: string): Promise<{ output: string; failed: boolean }> {
  return new Promise((done) => {
    const options = { maxBuffer: 64 * 1024 * 1024 };
    execFile(
      process.execPath,
      [TSC, '--project', project, '--pretty', 'false'],
      options,
      (error, stdout, stderr) => {
        done({ output: `${stdout}${stderr}`, failed: error !== null });
      },
    );
  });
}
