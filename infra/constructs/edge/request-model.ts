import { type JsonSchema, JsonSchemaType, JsonSchemaVersion } from 'aws-cdk-lib/aws-apigateway';
import type { InputDeclarations } from '../../../functions/runtime/inputs.ts';

/**
 * The model of a function's request body, from its input declarations. It refuses only what no field is to blame
 * for; the properties are there to be read, since the function answers a wrong field better: by its name.
 */
export const requestModel = (title: string, input: InputDeclarations): JsonSchema => ({
  schema: JsonSchemaVersion.DRAFT4,
  title,
  type: JsonSchemaType.OBJECT,
  minProperties: 1,
  properties: Object.fromEntries(
    Object.entries(input)
      .filter(([, { source }]) => source === 'any')
      .map(([name, { description, required, shape }]) => [
        name,
        { description: `${required ? 'Required. ' : ''}${description}: ${shape}` },
      ]),
  ),
});
