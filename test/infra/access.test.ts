import { describe, expect, it } from 'vitest';
import { catalog } from '../../functions/catalog.ts';
import { isForClients } from '../../infra/declared-function.ts';
import { resourcesOf, type Template, templateOf } from './synth.ts';

const names = catalog.map(({ name }) => name);
const ofClients = catalog.filter(isForClients).map(({ name }): string => name);
const operationOf = ({ OperationName }: Properties): string => OperationName;
const role = 'arn:aws:iam::123456789012:role/team/backend';
const account = '210987654321';

type Properties = ReturnType<typeof JSON.parse>;
const all = (template: Template, type: string): Properties[] =>
  [...resourcesOf(template, type).values()].map((resource) => resource.Properties);
const methods = (template: Template, verb: string) =>
  all(template, 'AWS::ApiGateway::Method').filter(({ HttpMethod }) => HttpMethod === verb);
const only = (template: Template, type: string): Properties => {
  const [first, ...others] = all(template, type);
  if (first === undefined || others.length > 0) throw new Error(`Not exactly one ${type}`);
  return first;
};

describe('in token mode', () => {
  const issuers = [
    { issuer: 'https://login.example.com', audience: ['app'] },
    {
      issuer: 'https://firebaseappcheck.googleapis.com/123456789012',
      audience: ['projects/123456789012'],
      jwks_uri: 'https://firebaseappcheck.googleapis.com/v1/jwks',
      identity_claim: null,
    },
  ];
  const template = templateOf({
    access: { mode: 'token', issuers, header: 'X-Firebase-AppCheck', cache_seconds: 60 },
    cors_origins: ['https://app.example.com', 'https://www.example.com'],
    throttle: { rate: 20, routes: { start_verification: { rate: 5, burst: 10 } } },
    domain: {
      name: 'verify.example.com',
      certificate_arn: 'arn:aws:acm:eu-west-1:123456789012:certificate/1a2b3c4d',
      hosted_zone: { id: 'Z0123456789', name: 'example.com' },
    },
  });
  const authorizer = only(template, 'AWS::ApiGateway::Authorizer');
  const [lambdaId, lambda] = [...resourcesOf(template, 'AWS::Lambda::Function')].find(
    ([, { Properties }]) => Properties.FunctionName === 'authorize_caller',
  ) ?? ['', undefined];

  it('every route for clients asks the one authorizer, and what answers without a function asks nobody', () => {
    const [id] = resourcesOf(template, 'AWS::ApiGateway::Authorizer').keys();
    const asking = methods(template, 'POST').filter(
      ({ AuthorizationType }) => AuthorizationType === 'CUSTOM',
    );
    expect(asking.map(operationOf).sort()).toEqual([...ofClients].sort());
    for (const { AuthorizerId } of asking) expect(AuthorizerId).toEqual({ Ref: id });
    for (const method of [...methods(template, 'ANY'), ...methods(template, 'OPTIONS')])
      expect(method).toMatchObject({ AuthorizationType: 'NONE', Integration: { Type: 'MOCK' } });
  });

  it('the authorizer reads the header, keeps verdicts for the time that is set, and is not asked about what is no token', () => {
    expect(authorizer).toMatchObject({
      Type: 'TOKEN',
      IdentitySource: 'method.request.header.X-Firebase-AppCheck',
      AuthorizerResultTtlInSeconds: 60,
    });
    const expression = new RegExp(authorizer.IdentityValidationExpression);
    for (const header of ['a.b.c', 'Bearer a.b.c', 'bearer a-_1.b.c']) expect(header).toMatch(expression);
    for (const header of ['', 'a.b', 'Basic YTpi', 'a.b.c.d', 'Bearer  '])
      expect(header).not.toMatch(expression);
  });

  it('the authorizer is given its issuers with every default said, and may nothing but log and trace', () => {
    expect(JSON.parse(lambda?.Properties.Environment.Variables.TOKEN_ISSUERS)).toEqual([
      { ...issuers[0], audience_claim: 'aud', identity_claim: 'sub' },
      { ...issuers[1], audience_claim: 'aud' },
    ]);
    const roleId = lambda?.Properties.Role['Fn::GetAtt'][0];
    const actions = all(template, 'AWS::IAM::Policy')
      .filter(({ Roles }) => Roles.some(({ Ref }: Properties) => Ref === roleId))
      .flatMap(({ PolicyDocument }) => PolicyDocument.Statement)
      .flatMap(({ Action }) => Action);
    expect(actions.sort()).toEqual([
      'logs:CreateLogStream',
      'logs:PutLogEvents',
      'xray:PutTelemetryRecords',
      'xray:PutTraceSegments',
    ]);
  });

  it('nobody but the gateway, for this authorizer, may invoke it', () => {
    const [aliasId] = [...resourcesOf(template, 'AWS::Lambda::Alias')].find(
      ([, { Properties }]) => Properties.FunctionName.Ref === lambdaId,
    ) ?? [''];
    const permissions = all(template, 'AWS::Lambda::Permission').filter(({ FunctionName }) =>
      [lambdaId, aliasId].some((id) => JSON.stringify(FunctionName).includes(`"${id}"`)),
    );
    expect(permissions).toMatchObject([{ Principal: 'apigateway.amazonaws.com' }]);
    expect(JSON.stringify(permissions[0].SourceArn)).toContain('/authorizers/');
  });

  it('a page of a named origin may ask first, without cookies, and say all that a request needs', () => {
    expect(methods(template, 'OPTIONS')).toHaveLength(names.length);
    for (const { Integration } of methods(template, 'OPTIONS')) {
      const [{ ResponseParameters, ResponseTemplates }] = Integration.IntegrationResponses;
      const headers = ResponseParameters['method.response.header.Access-Control-Allow-Headers'];
      for (const name of ['Content-Type', 'Idempotency-Key', 'X-Firebase-AppCheck'])
        expect(headers).toContain(name);
      expect(ResponseParameters).toMatchObject({
        'method.response.header.Access-Control-Allow-Origin': "'https://app.example.com'",
        'method.response.header.Access-Control-Allow-Methods': "'POST'",
        'method.response.header.Vary': "'Origin'",
      });
      expect(ResponseParameters).not.toHaveProperty(
        'method.response.header.Access-Control-Allow-Credentials',
      );
      expect(JSON.stringify(ResponseTemplates)).toContain('https://www.example.com');
    }
  });

  it('the functions know the origins, and what the gateway and WAF say themselves can be read by pages', () => {
    for (const { FunctionName, Environment } of all(template, 'AWS::Lambda::Function'))
      if (names.includes(FunctionName))
        expect(Environment.Variables.CORS_ORIGINS).toBe('https://app.example.com https://www.example.com');
    for (const { ResponseParameters } of all(template, 'AWS::ApiGateway::GatewayResponse'))
      expect(ResponseParameters).toMatchObject({
        'gatewayresponse.header.Access-Control-Allow-Origin': "'*'",
        'gatewayresponse.header.Access-Control-Expose-Headers': expect.stringContaining('Verify-Error'),
      });
    for (const { Action } of only(template, 'AWS::WAFv2::WebACL').Rules)
      if (Action !== undefined)
        expect(Action.Block.CustomResponse.ResponseHeaders).toContainEqual({
          Name: 'Access-Control-Allow-Origin',
          Value: '*',
        });
  });

  it('a token that is missing or refused is answered 403 with the wish for another, one that could not be judged 503', () => {
    const responses = all(template, 'AWS::ApiGateway::GatewayResponse');
    const of = (type: string) => responses.find(({ ResponseType }) => ResponseType === type);
    for (const type of ['UNAUTHORIZED', 'ACCESS_DENIED'])
      expect(of(type)).toMatchObject({
        StatusCode: '403',
        ResponseParameters: {
          'gatewayresponse.header.Verify-Error': "'blocked'",
          'gatewayresponse.header.WWW-Authenticate': "'Bearer'",
        },
      });
    for (const type of ['AUTHORIZER_FAILURE', 'AUTHORIZER_CONFIGURATION_ERROR'])
      expect(of(type)).toMatchObject({
        StatusCode: '503',
        ResponseParameters: {
          'gatewayresponse.header.Verify-Error': "'upstream_unavailable'",
          'gatewayresponse.header.Retry-After': "'10'",
        },
      });
  });

  it('a route of its own throttle has it, the others have the stage’s', () => {
    const { MethodSettings } = only(template, 'AWS::ApiGateway::Stage');
    expect(
      MethodSettings.map(
        ({ ResourcePath, HttpMethod, ThrottlingRateLimit, ThrottlingBurstLimit }: Properties) => [
          `${HttpMethod} ${ResourcePath}`,
          ThrottlingRateLimit,
          ThrottlingBurstLimit,
        ],
      ),
    ).toEqual([
      ['* /*', 20, 100],
      // As CloudFormation wants a slash within a path.
      ['POST /~1start_verification', 5, 10],
    ]);
  });

  it('the domain is the only way in, takes TLS 1.2 and newer, and is what is published', () => {
    const domain = only(template, 'AWS::ApiGateway::DomainName');
    expect(domain).toMatchObject({
      DomainName: 'verify.example.com',
      EndpointConfiguration: { Types: ['REGIONAL'] },
      SecurityPolicy: 'SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09',
      EndpointAccessMode: 'STRICT',
    });
    expect(only(template, 'AWS::ApiGateway::RestApi').DisableExecuteApiEndpoint).toBe(true);
    const [stage] = resourcesOf(template, 'AWS::ApiGateway::Stage').keys();
    expect(only(template, 'AWS::ApiGateway::BasePathMapping').Stage).toEqual({ Ref: stage });
    expect(only(template, 'AWS::Route53::RecordSet')).toMatchObject({
      Name: 'verify.example.com.',
      HostedZoneId: 'Z0123456789',
      Type: 'A',
    });
    const url = all(template, 'AWS::SSM::Parameter').find(({ Name }) => Name.endsWith('/api-url'));
    expect(url.Value).toBe('https://verify.example.com/');
    expect(template.Outputs['ApiUrl']).toEqual({ Value: 'https://verify.example.com/' });
  });
});

describe('in iam mode', () => {
  const template = templateOf({
    access: { mode: 'iam', roles: [role], accounts: [account] },
    callers: { roles: [role], accounts: [account] },
    cors_origins: ['https://app.example.com'],
  });

  it('every route asks for a signature', () => {
    for (const { AuthorizationType } of methods(template, 'POST')) expect(AuthorizationType).toBe('AWS_IAM');
    expect(resourcesOf(template, 'AWS::ApiGateway::Authorizer').size).toBe(0);
  });

  it('all but the named roles and accounts are refused, whatever their own policies say', () => {
    const { Statement } = only(template, 'AWS::ApiGateway::RestApi').Policy;
    expect(Statement).toEqual([
      { Effect: 'Allow', Principal: { AWS: '*' }, Action: 'execute-api:Invoke', Resource: 'execute-api:/*' },
      {
        Effect: 'Deny',
        Principal: { AWS: '*' },
        Action: 'execute-api:Invoke',
        Resource: 'execute-api:/*/POST/*',
        Condition: {
          StringNotEquals: {
            // The stack's own canary calls as a client does.
            'aws:PrincipalArn': [role, { 'Fn::GetAtt': [expect.stringMatching(/GatewayCanaryRole/), 'Arn'] }],
            'aws:PrincipalAccount': [account],
          },
        },
      },
    ]);
  });

  it('an unsigned request is refused and not sent looking for another path', () => {
    const refused = all(template, 'AWS::ApiGateway::GatewayResponse').filter(({ ResponseType }) =>
      ['MISSING_AUTHENTICATION_TOKEN', 'INVALID_SIGNATURE', 'ACCESS_DENIED'].includes(ResponseType),
    );
    expect(refused).toHaveLength(3);
    for (const { StatusCode, ResponseParameters } of refused) {
      expect(StatusCode).toBe('403');
      expect(ResponseParameters['gatewayresponse.header.Verify-Error']).toBe("'blocked'");
      expect(ResponseParameters).not.toHaveProperty('gatewayresponse.header.WWW-Authenticate');
    }
  });

  it('one origin is said as it is', () => {
    for (const { ResponseParameters } of all(template, 'AWS::ApiGateway::GatewayResponse'))
      expect(ResponseParameters['gatewayresponse.header.Access-Control-Allow-Origin']).toBe(
        "'https://app.example.com'",
      );
  });

  it('the named direct callers may invoke each function by its alias, and no other version', () => {
    const aliases = [...resourcesOf(template, 'AWS::Lambda::Alias').keys()];
    const direct = all(template, 'AWS::Lambda::Permission').filter(
      ({ Principal }) => !String(Principal).endsWith('.amazonaws.com'),
    );
    expect(direct.map(({ Principal }) => Principal).sort()).toEqual(
      names.flatMap(() => [role, account]).sort(),
    );
    for (const { Action, FunctionName } of direct) {
      expect(Action).toBe('lambda:InvokeFunction');
      expect(aliases).toContain(FunctionName.Ref);
    }
  });
});
