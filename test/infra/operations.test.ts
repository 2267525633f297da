import { App, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AuthorizationType, type CfnMethod, type IAuthorizer } from 'aws-cdk-lib/aws-apigateway';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { RootConstruct } from 'constructs';
import { describe, expect, it } from 'vitest';
import { VerifyApi } from '../../infra/constructs/edge/verify-api.ts';
import { readSettings } from '../../infra/settings.ts';

const issuers = [{ issuer: 'https://login.example.com', audience: ['app'] }];
const authorizer: IAuthorizer = { authorizerId: 'authorizer', authorizationType: AuthorizationType.CUSTOM };

/** The kinds of authorization of the routes of a function for all and of one for direct callers, in one API. */
const kindsIn = (access: object) => {
  const { node } = new RootConstruct();
  node.setContext('access', access);
  const settings = readSettings(node);
  const stack = new Stack(new App(), 'stack');
  const lambda = new LambdaFunction(stack, 'Function', {
    code: Code.fromInline('-'),
    handler: 'index.handler',
    runtime: Runtime.NODEJS_24_X,
  });
  const definition = (name: string, callers: 'all' | 'direct') => ({
    name,
    description: name,
    input: {},
    callers,
    reserves: 'nothing' as const,
    uses: [],
  });
  const { api } = new VerifyApi(stack, 'Api', {
    stage: 'prod',
    settings,
    routes: [
      { lambda, definition: definition('look_up', 'all') },
      { lambda, definition: definition('purge_table', 'direct') },
    ],
    authorizer: settings.access.mode === 'token' ? authorizer : undefined,
    key: new Key(stack, 'Key'),
    removalPolicy: RemovalPolicy.DESTROY,
  });
  return Object.fromEntries(
    api.methods
      .filter(({ httpMethod }) => httpMethod === 'POST')
      .map(({ resource, node: { defaultChild } }) => [
        resource.path,
        (defaultChild as CfnMethod).authorizationType,
      ]),
  );
};

describe('a function for direct callers is never public', () => {
  it.each([
    ['public', { mode: 'public' }, 'NONE'],
    ['token', { mode: 'token', issuers }, 'CUSTOM'],
    ['iam', { mode: 'iam' }, 'AWS_IAM'],
  ])('in %s mode its route asks for a signature', (_mode, access, others) => {
    expect(kindsIn(access)).toEqual({ '/look_up': others, '/purge_table': 'AWS_IAM' });
  });
});
