import { readFileSync } from 'node:fs';
import { catalog } from '../../functions/catalog.ts';
import type { ServiceFunction } from '../../functions/service/ports.ts';
import { httpApiEvent, restEvent, scheduledEvent } from './lambda-events.ts';

type Input = Readonly<Record<string, unknown>>;

/** The input of a direct caller that stands in `events/NAME.direct.json`: the one event that every function has. */
const directEvent = (name: string): Input =>
  JSON.parse(readFileSync(new URL(`../../events/${name}.direct.json`, import.meta.url), 'utf8'));

/** The same input as an HTTP caller may send it: without the fields that only a direct caller sets. */
export const httpInput = ({ name, input }: ServiceFunction): Input =>
  Object.fromEntries(
    Object.entries(directEvent(name)).filter(([field]) => input[field]?.source !== 'direct'),
  );

/** A signature, which IAM vouches for, on each of the proxy events. */
const signer = 'arn:aws:iam::000000000000:user/ops';
export const signedRestEvent = (body: unknown) => {
  const event = restEvent(body);
  const { requestContext } = event;
  return {
    ...event,
    requestContext: { ...requestContext, identity: { ...requestContext.identity, userArn: signer } },
  };
};
export const signedHttpApiEvent = (body: unknown) =>
  httpApiEvent(body, { authorizer: { iam: { userArn: signer } } });

/** An event of each kind of caller that a function serves, by the kind's name. */
export const eventsFor = (definition: ServiceFunction): Readonly<Record<string, unknown>> => ({
  direct: directEvent(definition.name),
  'http-v1': signedRestEvent(httpInput(definition)),
  'http-v2': signedHttpApiEvent(httpInput(definition)),
  canary: { canary: true },
  scheduled: scheduledEvent(),
});

/** Each function of the catalogue beside its name, as a table of tests. */
export const everyFunction = catalog.map((definition): readonly [string, ServiceFunction] => [
  definition.name,
  definition,
]);
