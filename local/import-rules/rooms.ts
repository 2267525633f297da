/**
 * A part of the house and what its files may import, types included; itself only where that is said. A path that ends in
 * `/` is a folder with all below it, `*` any name within one folder, `{a,b}` either.
 */
export interface Room {
  readonly files: string;
  readonly may: readonly string[];
  /** The npm packages that it may import, or some of a package's entries. */
  readonly npm?: readonly string[];
  /** Whether it may import Node's own modules. */
  readonly node?: true;
}

const anyPackage = ['*'];

/** The house from its door inwards. Of the rooms that a file belongs to, the first one holds. */
export const rooms: readonly Room[] = [
  { files: 'functions/catalog.ts', may: ['functions/*_*.ts'] },
  // The run functions: never adapters, SDKs or each other.
  { files: 'functions/*', may: ['functions/{runtime,service,verify}/'] },

  {
    files: 'functions/lambda/',
    may: [
      'functions/*',
      'functions/{authorizer,compose,lambda,observability,privacy,rotation,runtime,service,verify}/',
    ],
    npm: ['@middy/core', 'aws-lambda'],
  },
  {
    files: 'functions/compose/',
    may: [
      'functions/{adapters,authorizer,canary,compose,guard,observability,privacy,rotation,runtime,service,verify}/',
    ],
    npm: ['valibot'],
    node: true,
  },
  // The only place for an SDK.
  {
    files: 'functions/adapters/',
    may: ['functions/{adapters,canary,guard,observability,privacy,rotation,runtime,verify}/'],
    npm: anyPackage,
    node: true,
  },

  // The guard's inner rooms do not know its front, and each other no more than they need.
  {
    files: 'functions/guard/request/',
    may: [
      'functions/guard/request/',
      'functions/guard/decision-log.ts',
      'functions/{privacy,runtime,verify}/',
    ],
    npm: ['ipaddr.js'],
    node: true,
  },
  {
    files: 'functions/guard/policy/',
    may: [
      'functions/guard/policy/',
      'functions/guard/request/destination-facts.ts',
      'functions/{runtime,verify}/',
    ],
    npm: ['valibot'],
    node: true,
  },
  { files: 'functions/guard/store/', may: ['functions/guard/store/', 'functions/{privacy,runtime}/'] },
  {
    files: 'functions/guard/limits/',
    may: ['functions/guard/{limits,policy,request,store}/', 'functions/{privacy,runtime,verify}/'],
    npm: ['valibot'],
  },
  {
    files: 'functions/guard/rules/',
    may: ['functions/guard/{policy,request,rules,store}/', 'functions/{runtime,verify}/'],
    npm: ['valibot'],
    node: true,
  },
  {
    files: 'functions/guard/spend/',
    may: [
      'functions/guard/{policy,request,spend,store}/',
      'functions/guard/limits/windows.ts',
      'functions/{privacy,runtime}/',
    ],
  },
  {
    files: 'functions/guard/switches/',
    may: ['functions/guard/{policy,store,switches}/', 'functions/{privacy,runtime}/'],
    npm: ['valibot'],
  },
  {
    files: 'functions/guard/',
    may: ['functions/{guard,privacy,runtime,verify}/'],
    npm: ['valibot'],
    node: true,
  },
  {
    files: 'functions/verify/',
    may: ['functions/{privacy,runtime,verify}/'],
    npm: ['libphonenumber-js/core', 'valibot'],
    node: true,
  },
  { files: 'functions/service/', may: ['functions/{guard,runtime,service,verify}/'], npm: ['valibot'] },
  { files: 'functions/runtime/', may: ['functions/runtime/'], node: true },

  {
    files: 'functions/authorizer/',
    may: ['functions/{authorizer,observability,privacy,runtime}/'],
    npm: ['aws-jwt-verify/{assert,error,https,jwk,jwt,jwt-verifier}'],
  },
  { files: 'functions/canary/', may: ['functions/{canary,guard,observability,runtime}/'] },
  {
    files: 'functions/rotation/',
    may: ['functions/{guard,privacy,rotation,runtime,verify}/'],
    npm: ['valibot'],
    node: true,
  },
  { files: 'functions/privacy/', may: ['functions/privacy/'], node: true },
  {
    files: 'functions/observability/',
    may: ['functions/{observability,privacy}/'],
    npm: ['@aws-lambda-powertools/{logger,metrics}'],
  },

  // What stands in a bundle for the SDK's own chain of credentials.
  {
    files: 'infra/bundling/lambda-credentials.ts',
    may: [],
    npm: ['@smithy/core', '@aws-sdk/credential-provider-env', '@aws-sdk/credential-provider-http'],
  },
  // infra derives everything from the catalogue. It also holds the policy against its schema before a deployment, and
  // gives the gateway the very envelope, sentences and input declarations, which would else be written twice.
  {
    files: 'infra/',
    may: [
      'infra/',
      'functions/catalog.ts',
      'functions/compose/environment.ts',
      'functions/canary/{canary-steps,gateway-canary}.ts',
      'functions/guard/policy/policy.ts',
      'functions/lambda/lambda-event.ts',
      'functions/observability/metric-catalogue.ts',
      'functions/runtime/{cors,define-function,envelope,errors,inputs}.ts',
      'functions/service/ports.ts',
    ],
    npm: ['aws-cdk-lib', 'cdk-nag', 'constructs', 'esbuild', 'valibot'],
    node: true,
  },

  // The dry run decides again with the guard's own rules; the page of the settings is written from their schema.
  {
    files: 'local/policy/',
    may: ['local/', 'infra/settings.ts', 'functions/{guard,privacy,runtime,verify}/'],
    npm: anyPackage,
    node: true,
  },
  // The smoke test asks as the canary does, and holds the answers against the same contract.
  {
    files: 'local/smoke/',
    may: [
      'local/',
      'functions/catalog.ts',
      'functions/adapters/gateway-client.ts',
      'functions/canary/gateway-answer.ts',
      'functions/{guard,runtime}/',
      'functions/observability/metric-catalogue.ts',
      'functions/verify/destination.ts',
    ],
    npm: ['@aws-sdk/*'],
    node: true,
  },
  {
    files: 'local/',
    may: [
      'local/',
      'functions/catalog.ts',
      'functions/compose/{all-ports,run-service}.ts',
      'functions/guard/policy/policy.ts',
      'functions/{lambda,runtime}/',
      'functions/service/ports.ts',
    ],
    npm: anyPackage,
    node: true,
  },

  { files: 'test/', may: ['*.json', 'functions/', 'infra/', 'local/', 'test/'], npm: anyPackage, node: true },
];
