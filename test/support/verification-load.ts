import type { HttpAnswer } from './contract.ts';
import { restEvent } from './lambda-events.ts';
import type { TestService } from './service.ts';

/** Verifications that go on all the while. */
export interface VerificationLoad {
  /** Resolves when so many more answers are there. */
  more(count: number): Promise<void>;
  /** Ends the load and gives every answer. */
  stop(): Promise<readonly HttpAnswer[]>;
}

/** Starts and checks without a pause until told to stop, each worker with numbers of its own. */
export const startLoad = (service: TestService, workers: number): VerificationLoad => {
  const answers: HttpAnswer[] = [];
  let running = true;
  const worker = async (index: number) => {
    for (let round = 0; running; round += 1) {
      const to_phone = `+1415555${2_000 + index * 1_000 + (round % 1_000)}`;
      // A number's sixth send would be refused, so each start is completed.
      answers.push((await service.start(restEvent({ to_phone }))) as HttpAnswer);
      const code = (await service.messages(to_phone)).at(-1)?.code;
      answers.push((await service.check(restEvent({ to_phone, code }))) as HttpAnswer);
    }
  };
  const work = Promise.all(Array.from({ length: workers }, (_, index) => worker(index)));
  return {
    async more(count) {
      const goal = answers.length + count;
      while (answers.length < goal) await new Promise(setImmediate);
    },
    async stop() {
      running = false;
      await work;
      return answers;
    },
  };
};
