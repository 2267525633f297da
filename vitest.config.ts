import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    expect: { requireAssertions: true },
    // What a CommonJS package exports by default is what Node and esbuild say it is.
    deps: { interopDefault: false },
    // Races and fuzz runs are bounded by counts, not by time; this is only a hang guard.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ['default'],
  },
});
