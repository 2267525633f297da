import { expect, test } from 'vitest';
import { text } from '../../../functions/runtime/response.ts';
import { heldToDeclaration } from '../../../local/server/local-functions.ts';
import { lambdaContext } from '../../support/lambda-events.ts';

const declared = { name: 'greet_user', response: { greeting: text('The greeting') } } as const;
const right = { success: true, error: null, greeting: 'Hello' };
const wrong = { success: true, error: null, greeting: 7 };
const replied = (answer: object) => ({ statusCode: 200, headers: {}, body: JSON.stringify(answer) });

test.each([
  ['an answer', right, []],
  ['a reply', replied(right), []],
  ['another answer', wrong, ['greet_user answered otherwise than it declares: greeting is not text']],
  ['another reply', replied(wrong), ['greet_user answered otherwise than it declares: greeting is not text']],
])(
  '%s is given back as it is, and a difference from the declaration is told',
  async (_what, result, told) => {
    const defects: string[] = [];
    const handler = heldToDeclaration(
      async () => result,
      declared,
      (defect) => defects.push(defect),
    );
    expect(await handler({}, lambdaContext())).toBe(result);
    expect(defects).toEqual(told);
  },
);
