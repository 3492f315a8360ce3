import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { judgeConfiguration } from '../../lambdas/core/configuration/run-time.ts';
import { ConfigurationFileError, SpillwayConfig } from '../../lib/index.ts';
import { MARKS, optionTables } from '../../scripts/option-tables.ts';
import { consumerSettings } from '../core/fixtures.ts';

const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
const blocks = [...page.matchAll(/^```yaml\n(.*?)^```/gms)].map(([, block = '']) => block);

it('has the tables of the language', () => {
  const [begin, end] = MARKS;
  const written = page.slice(page.indexOf(begin) + begin.length, page.indexOf(end)).trim();
  expect(written, 'run npm run schema').toBe(optionTables());
});

it('shows a file that is taken, without a warning', () => {
  expect(SpillwayConfig.fromText(blocks[0] ?? '').warnings).toEqual([]);
});

it('shows a text that is taken at run time', () => {
  const deployed = consumerSettings({ circuits: { tracker: { rateLimit: { limit: 50, perMs: 1_000 } } } });
  expect(judgeConfiguration(blocks[1] ?? '', deployed, 'orders')).toMatchObject({
    kind: 'good',
    ignored: [],
  });
});

it('shows errors as they are', () => {
  const text = (blocks[0] ?? '')
    .replace('openFor: 30s', 'openFor: 2 days')
    .replace('    timeout: 2s', '    timout: 2s');
  const [first = '', second = ''] =
    /^spillway\.yaml:.*\nspillway\.yaml:.*$/m.exec(page)?.[0].split('\n') ?? [];
  expect(() => SpillwayConfig.fromText(text, 'spillway.yaml')).toThrow(ConfigurationFileError);
  try {
    SpillwayConfig.fromText(text, 'spillway.yaml');
  } catch (error) {
    const lines = error instanceof Error ? error.message.split('\n') : [];
    const unplaced = (line: string): string => line.replace(/^spillway\.yaml:\d+:\d+ /, '');
    expect(lines.map(unplaced)).toEqual([first, second].map(unplaced));
    expect(lines).toEqual([first, second]);
  }
});
