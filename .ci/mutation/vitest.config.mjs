import { defineConfig } from 'vitest/config';

// biome-ignore lint/style/noDefaultExport: vitest reads no other.
export default defineConfig({
  test: {
    include: [
      'test/unit/{guard,limits,policy,spend}/*.test.ts',
      'test/unit/twilio/twilio-errors.test.ts',
      'test/integration/block-memory.test.ts',
    ],
    // The first takes seconds a run; the second asks child processes, in which no mutant lives.
    exclude: ['test/unit/{limits/guard-schedules,policy/policy-command}.test.ts'],
    expect: { requireAssertions: true },
    // A run has one worker for its files, which saves half of its time; nothing of a test outlives it.
    isolate: false,
    deps: { interopDefault: false },
    reporters: [],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
