import { ResponseType } from 'aws-cdk-lib/aws-apigateway';
import { describe, expect, it } from 'vitest';
import { catalog } from '../../functions/catalog.ts';
import { errorCatalogue } from '../../functions/runtime/errors.ts';
import { isForClients } from '../../infra/declared-function.ts';
import { resourcesOf, templateOf } from './synth.ts';

const template = templateOf();
const properties = (type: string) => [...resourcesOf(template, type).values()].map((r) => r.Properties);
const envelopeKeys = ['success', 'sid', 'status', 'valid', 'error'];
const failure = { success: false, sid: null, status: null, valid: false };

const responses = properties('AWS::ApiGateway::GatewayResponse');
const responseOf = (type: string) => responses.find(({ ResponseType: name }) => name === type);
const everyType = Object.values(ResponseType).map(({ responseType }) => responseType);

describe('every answer of the gateway itself', () => {
  it('is given for each kind of failure that API Gateway has', () => {
    expect(responses.map(({ ResponseType: name }) => name).sort()).toEqual([...everyType].sort());
  });

  it.each(everyType)('%s is an envelope with the headers of the contract', (type) => {
    const { ResponseParameters, ResponseTemplates } = responseOf(type);
    expect(Object.keys(ResponseTemplates)).toEqual(['application/json']);
    const envelope = JSON.parse(ResponseTemplates['application/json']);
    expect(Object.keys(envelope)).toEqual(envelopeKeys);
    expect(envelope).toEqual({ ...failure, error: expect.stringMatching(/^[A-Z][^$#]{10,}$/) });
    expect(ResponseParameters).toMatchObject({
      'gatewayresponse.header.Content-Type': "'application/json'",
      'gatewayresponse.header.Cache-Control': "'no-store'",
      'gatewayresponse.header.X-Request-Id': 'context.requestId',
    });
  });

  it.each(everyType)(
    '%s has a code of the catalogue and its status, an unknown path alone has none',
    (type) => {
      const { ResponseParameters, StatusCode } = responseOf(type);
      const code = ResponseParameters['gatewayresponse.header.Verify-Error']?.slice(1, -1);
      // The gateway takes an unknown path for a missing or wrong signature, which is said where a route asks for one.
      const unsigned = ['MISSING_AUTHENTICATION_TOKEN', 'INVALID_SIGNATURE'].includes(type);
      const unknownPath = type === 'RESOURCE_NOT_FOUND' || (unsigned && catalog.every(isForClients));
      expect(code === undefined).toBe(unknownPath);
      expect(Number(StatusCode)).toBe(
        unknownPath ? 404 : errorCatalogue[code as keyof typeof errorCatalogue].status,
      );
    },
  );

  it('says when to try again wherever it says 429 or 503', () => {
    for (const { ResponseParameters, StatusCode } of responses) {
      const retryAfter = ResponseParameters['gatewayresponse.header.Retry-After'];
      if (['429', '503'].includes(StatusCode)) expect(retryAfter).toMatch(/^'[1-9]\d*'$/);
      else expect(retryAfter).toBeUndefined();
    }
  });

  it('names the paths that there are for clients where there is none', () => {
    for (const type of ['MISSING_AUTHENTICATION_TOKEN', 'RESOURCE_NOT_FOUND']) {
      const { ResponseTemplates } = responseOf(type);
      for (const declared of catalog)
        expect(ResponseTemplates['application/json'].includes(`/${declared.name}`)).toBe(
          isForClients(declared),
        );
    }
  });
});

describe('the routes', () => {
  const resources = resourcesOf(template, 'AWS::ApiGateway::Resource');
  const methods = properties('AWS::ApiGateway::Method');

  it('are one path a run function, and no other', () => {
    expect([...resources.values()].map(({ Properties }) => Properties.PathPart).sort()).toEqual(
      catalog.map(({ name }) => name).sort(),
    );
  });

  describe.each(catalog.map((definition) => [definition.name, definition.input] as const))(
    '/%s',
    (name, input) => {
      const [id] = [...resources].find(([, { Properties }]) => Properties.PathPart === name) ?? [];
      const own = methods.filter(({ ResourceId }) => ResourceId.Ref === id);
      const [post] = own.filter(({ HttpMethod }) => HttpMethod === 'POST');
      const [any] = own.filter(({ HttpMethod }) => HttpMethod === 'ANY');

      it('has POST, which runs the alias of its own Lambda, and ANY', () => {
        const [lambda] = [...resourcesOf(template, 'AWS::Lambda::Function')].find(
          ([, { Properties }]) => Properties.FunctionName === name,
        ) ?? [''];
        const [alias] = [...resourcesOf(template, 'AWS::Lambda::Alias')].find(
          ([, { Properties }]) => Properties.FunctionName.Ref === lambda,
        ) ?? [''];
        expect(own).toHaveLength(2);
        expect(post.Integration.Type).toBe('AWS_PROXY');
        expect(JSON.stringify(post.Integration.Uri)).toContain(`"${alias}"`);
      });

      it('has a model that asks for an object that is not empty, and describes what may be in it', () => {
        const model = template.Resources[post.RequestModels['application/json'].Ref]?.Properties.Schema;
        expect(Object.keys(model).sort()).toEqual([
          '$schema',
          'minProperties',
          'properties',
          'title',
          'type',
        ]);
        expect(model).toMatchObject({ type: 'object', minProperties: 1 });
        const fields = Object.entries(input).filter(([, { source }]) => source === 'any');
        expect(Object.keys(model.properties)).toEqual(fields.map(([field]) => field));
        for (const property of Object.values(model.properties))
          expect(property).toEqual({ description: expect.any(String) });
      });

      it('holds every body against the model', () => {
        expect(template.Resources[post.RequestValidatorId.Ref]?.Properties.ValidateRequestBody).toBe(true);
      });

      it('answers every other method 405 in words of the contract, without a Lambda', () => {
        const [response] = any.Integration.IntegrationResponses;
        expect(any.Integration).toMatchObject({ Type: 'MOCK', PassthroughBehavior: 'NEVER' });
        expect(JSON.parse(any.Integration.RequestTemplates['application/json'])).toEqual({ statusCode: 405 });
        expect(response).toEqual({
          StatusCode: '405',
          ResponseParameters: {
            'method.response.header.Allow': "'POST'",
            'method.response.header.Cache-Control': "'no-store'",
            'method.response.header.Content-Type': "'application/json'",
            'method.response.header.Verify-Error': "'method'",
            'method.response.header.X-Request-Id': 'context.requestId',
          },
          ResponseTemplates: {
            'application/json': JSON.stringify({ ...failure, error: errorCatalogue.method.sentence }),
          },
        });
        expect(Object.keys(any.MethodResponses[0].ResponseParameters).sort()).toEqual(
          Object.keys(response.ResponseParameters).sort(),
        );
      });
    },
  );
});

describe('the API', () => {
  const [stage] = properties('AWS::ApiGateway::Stage');

  it('is one regional REST API at the address that API Gateway gives it, for TLS 1.2 and newer', () => {
    expect(properties('AWS::ApiGateway::RestApi')).toMatchObject([
      {
        EndpointConfiguration: { Types: ['REGIONAL'] },
        DisableExecuteApiEndpoint: false,
        SecurityPolicy: 'SecurityPolicy_TLS13_1_2_PFS_PQ_2025_09',
        EndpointAccessMode: 'STRICT',
      },
    ]);
    expect(resourcesOf(template, 'AWS::ApiGateway::DomainName').size).toBe(0);
  });

  it('has one stage, which is traced and throttled on every route', () => {
    expect(properties('AWS::ApiGateway::Stage')).toMatchObject([
      {
        TracingEnabled: true,
        MethodSettings: [
          { ResourcePath: '/*', HttpMethod: '*', ThrottlingRateLimit: 50, ThrottlingBurstLimit: 100 },
        ],
      },
    ]);
  });

  it('never writes bodies to a log', () => {
    for (const setting of stage.MethodSettings) expect(setting.DataTraceEnabled ?? false).toBe(false);
  });

  it('writes a line a request into a log group of its own, encrypted and kept for 90 days', () => {
    const { DestinationArn } = stage.AccessLogSetting;
    const [id] = [...resourcesOf(template, 'AWS::Logs::LogGroup').keys()].filter((group) =>
      JSON.stringify(DestinationArn).includes(`"${group}"`),
    );
    expect(template.Resources[id ?? '']?.Properties).toMatchObject({
      RetentionInDays: 90,
      KmsKeyId: expect.anything(),
    });
  });

  it('writes nothing that tells who called: no address, no agent, no caller, no path, no text of theirs', () => {
    const variables = [...stage.AccessLogSetting.Format.matchAll(/\$context\.([\w.]+)/g)].map(
      ([, name]) => name,
    );
    expect(variables.sort()).toEqual([
      'authorizer.latency',
      'authorizer.status',
      'error.responseType',
      'httpMethod',
      'integrationLatency',
      'integrationStatus',
      'requestId',
      'requestTimeEpoch',
      'resourcePath',
      'responseLatency',
      'responseLength',
      'status',
      'wafResponseCode',
    ]);
  });

  it('may write its log: the role of the account stays when the stack goes', () => {
    const [account] = resourcesOf(template, 'AWS::ApiGateway::Account').values();
    expect(account?.DeletionPolicy).toBe('Retain');
  });

  it('lets no page of another origin read or ask anything', () => {
    expect(JSON.stringify(template)).not.toMatch(/Access-Control|CORS_ORIGINS/);
  });

  it('is public, but for the routes of direct callers and signed requests', () => {
    const signed = properties('AWS::ApiGateway::Method').filter(
      ({ AuthorizationType }) => AuthorizationType !== 'NONE',
    );
    const others = catalog.filter((declared) => !isForClients(declared));
    expect(signed.map(({ OperationName }) => OperationName).sort()).toEqual(
      others.map(({ name }) => name).sort(),
    );
    expect(signed.filter(({ AuthorizationType }) => AuthorizationType !== 'AWS_IAM')).toEqual([]);
    expect(properties('AWS::ApiGateway::RestApi')[0]).not.toHaveProperty('Policy');
  });

  it('has its address and the ARNs of the aliases where other stacks find them', () => {
    const parameters = properties('AWS::SSM::Parameter');
    expect(parameters.map(({ Name }) => Name).sort()).toEqual(
      ['api-url', ...catalog.map(({ name }) => `${name}-arn`)]
        .map((name) => `/twilio-verify-phone/prod/${name}`)
        .sort(),
    );
    const outputs = Object.values(template.Outputs).map(({ Value }) => JSON.stringify(Value));
    for (const { Value } of parameters) expect(outputs).toContain(JSON.stringify(Value));
  });
});
