import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

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
  },
});
