import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Files that take minutes, longest first: begun last, they would keep everybody waiting at the end. */
const LONG = [
  'test/chaos/chaos.test.ts',
  'test/e2e/intake.test.ts',
  'test/e2e/alarms.test.ts',
  'test/core/circuit/shared-circuit.property.test.ts',
  'test/e2e/crash.test.ts',
  'test/e2e/configuration.test.ts',
  'test/e2e/start.test.ts',
  'test/page/outage.test.ts',
  'test/page/page.test.ts',
  'test/page/screenshots.test.ts',
  'test/e2e/priority-lanes.test.ts',
  'test/aws/dynamo-circuits.test.ts',
  'test/e2e/order-processing.test.ts',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = LONG.findIndex((long) => moduleId.endsWith(long));
      return at < 0 ? LONG.length : at;
    };
    return [...files].sort((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  resolve: {
    alias: [
      { find: /^spillway$/, replacement: source('./lib/index.ts') },
      { find: /^spillway\/runtime$/, replacement: source('./lambdas/index.ts') },
      { find: /^spillway\/testing$/, replacement: source('./lambdas/testing/index.ts') },
      { find: /^spillway\/local$/, replacement: source('./local/index.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    sequence: { sequencer: LongestFirst },
    // The end-to-end tests wait more than they work: on two cores, two at a time would leave one of them idle.
    maxWorkers: 3,
  },
});
