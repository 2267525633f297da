import { createServer } from 'node:http';
import { type Listening, listen } from '../../local/http-server.ts';

// An item of the table as a write finds it that nobody wrote before, by operation.
const answers: Readonly<Record<string, string>> = {
  GetItem: '{}',
  PutItem: '{}',
  UpdateItem: '{}',
  BatchGetItem: '{"Responses":{},"UnprocessedKeys":{}}',
};

/** A DynamoDB that is always empty, where every write succeeds, and that takes no time: what is left is our own. */
export const startInstantDynamoDb = (): Promise<Listening> =>
  listen(
    createServer((request, response) => {
      const operation = String(request.headers['x-amz-target']).split('.').at(-1) ?? '';
      request.resume().once('end', () => {
        response.writeHead(200, { 'Content-Type': 'application/x-amz-json-1.0' }).end(answers[operation]);
      });
    }),
    0,
  );
