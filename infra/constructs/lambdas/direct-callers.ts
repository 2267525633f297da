import { AccountPrincipal, ArnPrincipal } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { AccessSettings } from '../../settings/access.ts';

/**
 * Lets the named roles and accounts invoke a function by its alias, and no other version of it. In the stack's own account
 * a principal's own policy can grant the same without this.
 */
export const admitDirectCallers = (
  alias: IFunction,
  { roles, accounts }: AccessSettings['callers'],
): void => {
  const principals = [
    ...roles.map((arn) => [arn, new ArnPrincipal(arn)] as const),
    ...accounts.map((account) => [account, new AccountPrincipal(account)] as const),
  ];
  for (const [name, principal] of principals) alias.addPermission(`Caller ${name}`, { principal });
};
