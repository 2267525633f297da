import { Lazy } from 'aws-cdk-lib';
import { AnyPrincipal, Effect, PolicyDocument, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { AccessSettings } from '../../settings/access.ts';

/**
 * The API's own policy in iam mode. Refused are signed requests of all but the named roles and accounts, those too whose own
 * account's policies would let them; without names those policies decide alone, and the API needs none. It lets the
 * rest through to the routes, which ask for a signature themselves.
 *
 * @param own - the ARNs of roles of the stack's own, which may be added until it is synthesized.
 * @returns undefined where the API needs no policy.
 */
export const invokePolicy = (
  access: AccessSettings['access'],
  own: readonly string[],
): PolicyDocument | undefined => {
  if (access.mode !== 'iam' || access.roles.length + access.accounts.length === 0) return undefined;
  const named = {
    'aws:PrincipalArn': Lazy.list({ produce: () => [...access.roles, ...own] }, { omitEmpty: true }),
    ...(access.accounts.length > 0 && { 'aws:PrincipalAccount': access.accounts }),
  };
  const statement = (effect: Effect, resource: string, conditions = {}) =>
    new PolicyStatement({
      effect,
      principals: [new AnyPrincipal()],
      actions: ['execute-api:Invoke'],
      resources: [resource],
      conditions,
    });
  return new PolicyDocument({
    statements: [
      statement(Effect.ALLOW, 'execute-api:/*'),
      // A refusal outweighs every permission. Both keys must differ for it; an unsigned request has neither.
      statement(Effect.DENY, 'execute-api:/*/POST/*', { StringNotEquals: named }),
    ],
  });
};
