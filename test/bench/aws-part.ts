import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';

const dynamoDb = new DynamoDBClient();
const secretsManager = new SecretsManagerClient();

/** The Twilio secret of the embedded world. */
export interface BenchSecret {
  readonly twilio_account_sid: string;
  readonly twilio_api_key_sid: string;
  readonly twilio_api_key_secret: string;
  readonly service_sid: string;
}

/** What any function of this service does with AWS before it can send: one item read and one secret read. */
export const readAws = async (): Promise<BenchSecret> => {
  const [{ SecretString = '{}' }] = await Promise.all([
    secretsManager.send(new GetSecretValueCommand({ SecretId: process.env['TWILIO_SECRET_ID'] })),
    dynamoDb.send(
      new GetItemCommand({ TableName: process.env['VERIFY_TABLE_NAME'], Key: { pk: { S: 'bench' } } }),
    ),
  ]);
  return JSON.parse(SecretString);
};
