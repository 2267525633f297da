import { type VariableName, variablesOf } from '../functions/compose/environment.ts';
import type { GuardTable } from './constructs/guard-table.ts';
import type { VerifySecrets } from './constructs/verify-secrets.ts';
import type { DeclaredFunction } from './declared-function.ts';
import type { Settings } from './settings.ts';

/** Where a run function finds what it reads. */
interface Sources {
  readonly settings: Settings;
  readonly secrets: VerifySecrets;
  readonly guard: GuardTable;
}

const valuesOf = ({ settings, secrets, guard }: Sources): Partial<Record<VariableName, string>> => ({
  TWILIO_SECRET_ID: secrets.twilio.secretArn,
  DESTINATION_KEY_SECRET_ID: secrets.destinationKey.secretArn,
  VERIFY_TABLE_NAME: guard.table.tableName,
  VERIFY_POLICY: settings.policy,
  ...(settings.twilio_region && { TWILIO_REGION: settings.twilio_region }),
  ...(settings.twilio_edge && { TWILIO_EDGE: settings.twilio_edge }),
  ...(settings.cors_origins.length > 0 && { CORS_ORIGINS: settings.cors_origins.join(' ') }),
});

/** The variables of a run function: of those that it and its ports read, the ones that have a value. */
export const runVariables = ({ uses }: DeclaredFunction, sources: Sources): Record<string, string> => {
  const values = valuesOf(sources);
  const variables: Record<string, string> = {};
  for (const name of variablesOf(['run_function', ...uses]))
    if (values[name] !== undefined) variables[name] = values[name];
  return variables;
};
