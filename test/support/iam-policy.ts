import { tableKeyActions } from '../../infra/constructs/data/guard-table.ts';
import { type Resource, resourcesOf, type Template } from '../infra/synth.ts';

/** One action on one resource that a statement of a policy allows or denies. */
export interface Grant {
  readonly effect: 'Allow' | 'Deny';
  readonly action: string;
  /** A logical ID, or a pattern in which `${…}` stands for what only a deployment resolves. */
  readonly resource: string;
  /** By operator and key, as the policy has it. */
  readonly condition: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** What a role is asked for. */
export interface Asked {
  readonly action: string;
  readonly resource: string;
  /** The keys of the request that conditions look at. */
  readonly context?: Readonly<Record<string, string>>;
}

interface Statement {
  readonly Effect: Grant['effect'];
  readonly Action: string | readonly string[];
  readonly Resource: unknown;
  readonly Condition?: Grant['condition'];
}

const pseudo = /^AWS::/;

/** The resource that a Ref or GetAtt leads to; undefined for a pseudo parameter and anything else. */
export const referredTo = (value: unknown): string | undefined => {
  if (typeof value !== 'object' || value === null) return undefined;
  const { Ref: ref, 'Fn::GetAtt': attribute } = value as { Ref?: string; 'Fn::GetAtt'?: [string, string] };
  const name = ref ?? attribute?.[0];
  return name === undefined || pseudo.test(name) ? undefined : name;
};

/**
 * A template's value as text: a reference alone is the logical ID that it leads to; within a longer text it is `${ID}`.
 *
 * @throws Error for an intrinsic function that this does not know.
 */
export const asText = (value: unknown): string => {
  const reference = referredTo(value);
  if (reference !== undefined) return reference;
  if (typeof value !== 'object' || value === null) return String(value);
  const {
    Ref: ref,
    'Fn::Join': join,
    'Fn::Sub': sub,
  } = value as { Ref?: string; 'Fn::Join'?: [string, unknown[]]; 'Fn::Sub'?: string };
  if (typeof sub === 'string') return sub;
  if (ref !== undefined) return `\${${ref}}`;
  if (join === undefined) throw new Error(`Not read: ${JSON.stringify(value)}`);
  const parts = join[1].map((part) =>
    referredTo(part) === undefined ? asText(part) : `\${${asText(part)}}`,
  );
  return parts.join(join[0]);
};

const grantsIn = ({ Effect, Action, Resource: on, Condition = {}, ...rest }: Statement): Grant[] => {
  const others = Object.keys(rest).filter((key) => key !== 'Sid' && key !== 'Principal');
  if (others.length > 0) throw new Error(`Not read: ${others.join(', ')}`);
  return [Action]
    .flat()
    .flatMap((action: string) =>
      [on]
        .flat()
        .map((resource) => ({ effect: Effect, action, resource: asText(resource), condition: Condition })),
    );
};

const statementsOf = (template: Template, role: string): Statement[] => {
  const { Properties: properties } = template.Resources[role] as Resource;
  if (properties.ManagedPolicyArns !== undefined) throw new Error(`${role} has managed policies`);
  const attached = Object.values(template.Resources).filter(
    ({ Type, Properties }) =>
      /^AWS::IAM::(Managed)?Policy$/.test(Type) &&
      (Properties.Roles ?? []).some((granted: unknown) => referredTo(granted) === role),
  );
  const documents = [...attached.map(({ Properties }) => Properties), ...(properties.Policies ?? [])];
  return documents.flatMap(({ PolicyDocument }) => PolicyDocument.Statement);
};

/**
 * Everything that a role of a template is granted by its policies, one action and one resource a time.
 *
 * @throws Error where a policy holds what this does not read: a managed policy of AWS, NotAction, NotResource.
 */
export const grantsOf = (template: Template, role: string): Grant[] =>
  statementsOf(template, role).flatMap(grantsIn);

/**
 * What the policies of the secrets themselves deny. Only those that deny to all but some are read.
 *
 * @throws Error where one of them allows something, which no role's policy would show.
 */
export const secretDenials = (template: Template): Grant[] =>
  [...resourcesOf(template, 'AWS::SecretsManager::ResourcePolicy').values()].flatMap(({ Properties }) =>
    Properties.ResourcePolicy.Statement.flatMap(grantsIn).map((grant: Grant) => {
      if (grant.effect !== 'Deny') throw new Error('A secret has a policy that allows something');
      return { ...grant, resource: asText(Properties.SecretId) };
    }),
  );

const matches = (pattern: string, text: string): boolean => {
  const escaped = pattern.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's').test(text);
};

const equals = (wanted: string, found: string): boolean => wanted === found;

const operators: Readonly<Record<string, (wanted: readonly string[], found: string) => boolean>> = {
  StringEquals: (wanted, found) => wanted.some((one) => equals(one, found)),
  ArnLike: (wanted, found) => wanted.some((one) => matches(one, found)),
  ArnNotEquals: (wanted, found) => !wanted.some((one) => matches(one, found)),
};

const holds = (condition: Grant['condition'], context: Readonly<Record<string, string>>): boolean =>
  Object.entries(condition).every(([operator, keys]) => {
    const test = operators[operator];
    if (test === undefined) throw new Error(`Not read: the condition ${operator}`);
    return Object.entries(keys).every(([key, wanted]) => {
      const found = context[key];
      return found !== undefined && test([wanted].flat().map(asText), found);
    });
  });

/** Whether grants allow what is asked: one allows it and none denies it. */
export const allows = (grants: readonly Grant[], { action, resource, context = {} }: Asked): boolean => {
  const fitting = grants.filter(
    (grant) =>
      // Actions are the same in any case, resources are not.
      matches(grant.action.toLowerCase(), action.toLowerCase()) &&
      matches(grant.resource, resource) &&
      holds(grant.condition, context),
  );
  return fitting.length > 0 && fitting.every(({ effect }) => effect === 'Allow');
};

/** A grant or a request as a line to compare: what it is for, on what, and through which service. */
export const lineOf = ({
  action,
  resource,
  via,
}: {
  action: string;
  resource: string;
  via: unknown;
}): string => `${action} ${resource}${via === undefined ? '' : ` via ${asText(via).split('.')[0]}`}`;

const keyOf = ({ Type, Properties }: Resource): unknown =>
  Type === 'AWS::SecretsManager::Secret' ? Properties.KmsKeyId : Properties.SSESpecification?.KMSMasterKeyId;

/** What a service does with the key of what it encrypts, in the caller's name, for an action of the caller's. */
const keyActions: Readonly<Record<string, readonly string[]>> = {
  'secretsmanager:GetSecretValue': ['kms:Decrypt'],
  'secretsmanager:PutSecretValue': ['kms:Decrypt', 'kms:GenerateDataKey'],
  'dynamodb:BatchGetItem': tableKeyActions,
  'dynamodb:PutItem': tableKeyActions,
  'dynamodb:UpdateItem': tableKeyActions,
};

/** All that a request needs to be allowed: itself, and the use of the key that the resource is encrypted with. */
export const neededFor = (template: Template, asked: Asked): Asked[] => {
  const resource = template.Resources[asked.resource];
  const key = resource && referredTo(keyOf(resource));
  if (key === undefined) return [asked];
  const context = { 'kms:ViaService': `${asked.action.split(':')[0]}.\${AWS::Region}.amazonaws.com` };
  return [asked, ...(keyActions[asked.action] ?? []).map((action) => ({ action, resource: key, context }))];
};
