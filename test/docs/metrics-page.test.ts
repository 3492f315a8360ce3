import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { METRIC_FACTS } from '../../lambdas/core/metric-facts.ts';
import { ESSENTIAL_METRICS, METRIC, type MetricKey } from '../../lambdas/core/metric-names.ts';

const PAGE = readFileSync('docs/patterns/metrics.md', 'utf8');
const KEYS = Object.keys(METRIC) as MetricKey[];
const FACTS = Object.values(METRIC_FACTS);

/** A row of the page's tables, and the section that it stands in. */
interface Row {
  readonly section: string;
  readonly cells: readonly string[];
}

function rowsOf(page: string): ReadonlyMap<string, Row> {
  const rows = new Map<string, Row>();
  let section = '';
  for (const line of page.split('\n')) {
    if (line.startsWith('#')) section = line.replace(/^#+ /, '');
    const [, name = '', rest = ''] = /^\| `(\w+)` \| (.*) \|$/.exec(line) ?? [];
    const cells = rest.split(' | ');
    if (cells.length < 5) continue;
    expect(rows.has(name), `${name} stands there twice`).toBe(false);
    rows.set(name, { section, cells });
  }
  return rows;
}

const rows = rowsOf(PAGE);

describe('the tables of docs/patterns/metrics.md', () => {
  it('have every metric, and no other', () => {
    expect([...rows.keys()].sort()).toEqual(Object.values(METRIC).sort());
  });

  it.each(KEYS)('say unit, dimensions, statistic and level of %s as they are', (key) => {
    const { unit, statistic, total, by } = METRIC_FACTS[key];
    const broken = by === undefined ? [] : [`${total ? '' : 'only '}by \`${by}\``];
    const dimensions = [...(total ? ['total'] : []), ...broken].join(', ');
    const level = ESSENTIAL_METRICS.some((each) => each === key) ? 'essential' : 'full';
    expect(rows.get(METRIC[key])?.cells.slice(0, 4)).toEqual([unit, dimensions, statistic, level]);
    expect(rows.get(METRIC[key])?.cells[4]?.length).toBeGreaterThan(10);
  });

  it.each(KEYS)('have %s in the section of who emits it', (key) => {
    const { section = '' } = rows.get(METRIC[key]) ?? {};
    const { from } = METRIC_FACTS[key];
    expect(section === 'Intake').toBe(from.length === 1 && from[0] === 'controller');
  });
});

it('the page says how many custom metrics there are at most', () => {
  const count = (holds: (facts: (typeof FACTS)[number]) => boolean) => FACTS.filter(holds).length;
  const totals = count(({ total }) => total);
  const [circuits, policies] = ['circuit', 'policy'].map((dimension) => count(({ by }) => by === dimension));
  expect(PAGE).toContain(
    `${totals} at most, and ${circuits} for each circuit, ${policies} for each circuit with`,
  );
  expect(PAGE).toContain(`| \`essential\` | ${ESSENTIAL_METRICS.length} at most |`);
});

it('the page names only metrics that there are', () => {
  const known = new Set<string>(Object.values(METRIC));
  const named = [...PAGE.matchAll(/`((?:Circuit|Intake|Call|Configuration|Retr|Replay)[A-Za-z]+)`/g)];
  expect(named.map(([, name = '']) => name).filter((name) => !known.has(name))).toEqual([]);
});
