import type { Ports } from '../functions/service/ports.ts';
import type { GuardTable } from './constructs/guard-table.ts';
import type { VerifySecrets } from './constructs/verify-secrets.ts';
import type { DeclaredFunction } from './declared-function.ts';
import type { Settings } from './settings.ts';

/** The ports that read a variable; every run function reads those that name none. */
const readBy = {
  TWILIO_SECRET_ID: ['guard', 'services', 'verify'],
  DESTINATION_KEY_SECRET_ID: ['guard'],
  VERIFY_TABLE_NAME: ['guard', 'store'],
  VERIFY_POLICY: ['guard', 'policy', 'verify'],
  TWILIO_REGION: ['guard', 'verify'],
  TWILIO_EDGE: ['guard', 'verify'],
  CORS_ORIGINS: [],
} as const satisfies Readonly<Record<string, readonly (keyof Ports)[]>>;

type Variable = keyof typeof readBy;

/** Where a run function finds what it reads. */
interface Sources {
  readonly settings: Settings;
  readonly secrets: VerifySecrets;
  readonly guard: GuardTable;
}

const valuesOf = ({ settings, secrets, guard }: Sources): Readonly<Record<Variable, string | undefined>> => ({
  TWILIO_SECRET_ID: secrets.twilio.secretArn,
  DESTINATION_KEY_SECRET_ID: secrets.destinationKey.secretArn,
  VERIFY_TABLE_NAME: guard.table.tableName,
  VERIFY_POLICY: settings.policy,
  TWILIO_REGION: settings.twilio_region,
  TWILIO_EDGE: settings.twilio_edge,
  CORS_ORIGINS: settings.cors_origins.join(' ') || undefined,
});

/** The variables of a run function: of those that the contract names, the ones that it reads and that have a value. */
export const runVariables = ({ uses }: DeclaredFunction, sources: Sources): Record<string, string> => {
  const isRead = (ports: readonly (keyof Ports)[]): boolean =>
    ports.length === 0 || ports.some((port) => uses.includes(port));
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(valuesOf(sources)))
    if (value !== undefined && isRead(readBy[name as Variable])) variables[name] = value;
  return variables;
};
