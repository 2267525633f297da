import type { TestNumber } from '../guard/policy/test-numbers.ts';
import { approved, sent, wrongCode } from '../runtime/envelope.ts';
import type { Expected } from './gateway-answer.ts';

/** How the API is guarded, so how a canary gets in, or must not. */
type Access = 'public' | 'iam' | 'token';

/** The paths of the API that the canary posts to, without a slash: the names of functions. */
export const canaryPaths = ['start_verification', 'check_verification'] as const;

/** One request of the canary, and what must come back. */
export interface CanaryStep {
  /** For the log. */
  readonly name: string;
  readonly path: (typeof canaryPaths)[number];
  readonly body: Readonly<Record<string, string>>;
  readonly expected: Expected;
  /** Whether it asks for a test number, which the service counts. */
  readonly usesTestNumber: boolean;
}

/** What the canary may do. */
export interface CanaryScope {
  readonly access: Access;
  /** Whether a start must pass a puzzle of the web ACL first, which no canary solves. */
  readonly startIsPuzzled: boolean;
  /** The test number that holds now, and its destination; undefined where the policy has none. */
  readonly testNumber: (TestNumber & { readonly to: string }) | undefined;
}

const codeOtherThan = (code: string): string => (code === '000000' ? '000001' : '000000');

/** With a test number: a start, the right code and a wrong one. Nothing is sent, and no budget is spent. */
const withTestNumber = ({ to, sid, code }: TestNumber & { readonly to: string }): readonly CanaryStep[] => [
  {
    name: 'start',
    path: 'start_verification',
    body: { to_phone: to },
    expected: sent(sid),
    usesTestNumber: true,
  },
  {
    name: 'right_code',
    path: 'check_verification',
    body: { to_phone: to, code },
    expected: approved(sid),
    usesTestNumber: true,
  },
  {
    name: 'wrong_code',
    path: 'check_verification',
    body: { to_phone: to, code: codeOtherThan(code) },
    expected: wrongCode(),
    usesTestNumber: true,
  },
];

/** Without one: requests that the functions themselves refuse, which proves all but that they answer well. */
const refusedByFunctions: readonly CanaryStep[] = canaryPaths.map((path) => ({
  name: `${path.split('_')[0]}_without_number`,
  path,
  body: { code: '000000' },
  expected: 'invalid_input',
  usesTestNumber: false,
}));

/** The canary holds no token: it proves that the edge works and keeps such callers out. */
const refusedByEdge: readonly CanaryStep[] = [
  {
    name: 'forged_token',
    path: 'start_verification',
    body: { code: '000000' },
    expected: 'blocked',
    usesTestNumber: false,
  },
];

/** What the canary does, in order. */
export const canarySteps = ({ access, startIsPuzzled, testNumber }: CanaryScope): readonly CanaryStep[] => {
  if (access === 'token') return refusedByEdge;
  const steps = testNumber === undefined ? refusedByFunctions : withTestNumber(testNumber);
  return startIsPuzzled ? steps.filter(({ path }) => path !== 'start_verification') : steps;
};
