import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { catalog } from '../../functions/catalog.ts';
import { templateOf } from './synth.ts';

// What holds data that cannot be made again. A resource whose logical ID changes is replaced by an empty one.
const stateful = /^AWS::(DynamoDB::Table|KMS::Key|Logs::LogGroup|SecretsManager::Secret)$/;

const file = new URL('stateful-resources.json', import.meta.url);
const known: Readonly<Record<string, string>> = JSON.parse(readFileSync(file, 'utf8'));

const everything = templateOf({
  access: { mode: 'token', issuers: [{ issuer: 'https://issuer.example.com', audience: ['app'] }] },
  waf: { logs: true },
  rotation: { twilio_days: 30, destination_days: 100 },
});

/** CDK makes a logical ID of the construct's path: a run function's log group, by the function's name. */
const logGroupOf = (name: string): string => {
  const id = name.replaceAll(/(?:^|_)([a-z])/g, (_match, letter: string) => letter.toUpperCase());
  const hash = createHash('md5').update(`${id}/Logs/Resource`).digest('hex');
  return `${id}Logs${hash.slice(0, 8).toUpperCase()}`;
};
const logGroups = Object.fromEntries(catalog.map(({ name }) => [logGroupOf(name), 'AWS::Logs::LogGroup']));

const found = Object.fromEntries(
  Object.entries(everything.Resources)
    .filter(([, { Type }]) => stateful.test(Type))
    .map(([id, { Type }]) => [id, Type]),
);

describe('the resources that hold data', () => {
  // A new one is added to the file by hand, but for the log group of a new run function. One that is gone or has another name
  // would cost a living deployment its data: never change its line, change the construct back.
  it('are those of test/infra/stateful-resources.json and the log groups of functions, under the same logical IDs', () => {
    expect(found).toEqual({ ...known, ...logGroups });
  });

  it.each(Object.keys({ ...known, ...logGroups }))('%s outlives its stack, and its own replacement', (id) => {
    expect(everything.Resources[id]).toMatchObject({
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
    });
  });
});
