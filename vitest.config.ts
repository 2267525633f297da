import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** What reads templates. */
const infra = ['test/infra/**/*.test.ts', 'test/integration/{cost,diff}.test.ts'];

/** Begins with what takes longest, so that no worker is left alone with it at the end. */
class SlowestFirst extends BaseSequencer {
  static readonly #slowest = /\/guard-(races|schedules|processes|store)\.test\.ts$/;

  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isSlow = ({ moduleId }: TestSpecification) => SlowestFirst.#slowest.test(moduleId);
    const sorted = await super.sort(files);
    return [...sorted.filter(isSlow), ...sorted.filter((file) => !isSlow(file))];
  }
}

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
    sequence: { sequencer: SlowestFirst },
    projects: [
      { extends: true, test: { name: 'service', include: ['test/**/*.test.ts'], exclude: infra } },
      // A worker keeps the CDK and the templates that it has made from one file to the next.
      { extends: true, test: { name: 'infra', include: infra, isolate: false } },
    ],
  },
});
