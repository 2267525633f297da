import { defineConfig } from 'vitest/config';

const infra = 'test/infra/**/*.test.ts';

export default defineConfig({
  test: {
    expect: { requireAssertions: true },
    // What a CommonJS package exports by default is what Node and esbuild say it is.
    deps: { interopDefault: false },
    // Races and fuzz runs are bounded by counts, not by time; this is only a hang guard.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: ['default'],
    globalSetup: ['test/support/run-folder.ts'],
    // By default one processor is left idle, which on two is half of them.
    maxWorkers: '100%',
    projects: [
      { extends: true, test: { name: 'service', include: ['test/**/*.test.ts'], exclude: [infra] } },
      // A worker keeps the CDK and the templates that it has made from one file to the next.
      { extends: true, test: { name: 'infra', include: [infra], isolate: false } },
    ],
  },
});
