import { type RunVariable, type VariableName, variablesOf } from '../functions/compose/environment.ts';
import type { GuardTable } from './constructs/data/guard-table.ts';
import type { VerifySecrets } from './constructs/data/verify-secrets.ts';
import type { DeclaredFunction } from './declared-function.ts';
import type { Settings } from './settings.ts';

/** Where a run function finds what it reads. */
interface Sources {
  readonly settings: Settings;
  readonly secrets: VerifySecrets;
  readonly guard: GuardTable;
}

const valuesOf = ({
  settings,
  secrets,
  guard,
}: Sources): Readonly<Record<RunVariable, string | undefined>> => ({
  TWILIO_SECRET_ID: secrets.twilio.secretArn,
  DESTINATION_KEY_SECRET_ID: secrets.destinationKey.secretArn,
  VERIFY_TABLE_NAME: guard.table.tableName,
  VERIFY_POLICY: settings.policy,
  TWILIO_REGION: settings.twilio_region,
  TWILIO_EDGE: settings.twilio_edge,
  CORS_ORIGINS: settings.cors_origins.join(' ') || undefined,
  // Only tests write this.
  TWILIO_API_BASE_URL: undefined,
  // Written for every Lambda of a stage alike.
  POWERTOOLS_SERVICE_NAME: undefined,
});

/** The variables of a run function: of those that the contract names, the ones that it reads and that have a value. */
export const runVariables = ({ uses }: DeclaredFunction, sources: Sources): Record<string, string> => {
  const values: Readonly<Partial<Record<VariableName, string | undefined>>> = valuesOf(sources);
  const variables: Record<string, string> = {};
  for (const name of variablesOf(['run_function', ...uses])) {
    const value = values[name];
    if (value !== undefined) variables[name] = value;
  }
  return variables;
};
