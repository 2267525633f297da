import { type ApiRequest, deleted, isoSeconds, type Operation, page, param, wholeNumber } from './api.ts';
import { failure, invalidParameter, notFound } from './failures.ts';
import { accountSid, isSid, newSid } from './sids.ts';
import type { Service, Value } from './state.ts';

/** Twilio's host for Verify, in every link of a Verify body. */
export const verifyOrigin = 'https://verify.twilio.com';

type Parameter = readonly [property: string, read: (text: string) => Value | undefined, initial: Value];

const flag = (text: string): boolean | undefined => ({ true: true, false: false })[text.toLowerCase()];
const count = (least: number, most: number) => (text: string) => wholeNumber(text, least, most);
const anyText = (text: string): string => text;
const sidOf = (prefix: string) => (text: string) => (isSid(prefix, text) ? text : undefined);
// The stricter of what Twilio's spec, error page and a live test say: 30 characters, 4 digits in all.
const friendlyName = (text: string) =>
  /^.{1,30}$/u.test(text) && text.replace(/\D/g, '').length <= 4 ? text : undefined;

/** Every parameter of create and update: the property it sets, how it is read, and its value at first. */
const parameters: Readonly<Record<string, Parameter>> = {
  FriendlyName: ['friendly_name', friendlyName, null],
  CodeLength: ['code_length', count(4, 10), 6],
  LookupEnabled: ['lookup_enabled', flag, false],
  Psd2Enabled: ['psd2_enabled', flag, false],
  SkipSmsToLandlines: ['skip_sms_to_landlines', flag, false],
  DtmfInputRequired: ['dtmf_input_required', flag, true],
  TtsName: ['tts_name', anyText, null],
  DoNotShareWarningEnabled: ['do_not_share_warning_enabled', flag, false],
  CustomCodeEnabled: ['custom_code_enabled', flag, false],
  'Push.IncludeDate': ['push.include_date', flag, false],
  'Push.ApnCredentialSid': ['push.apn_credential_sid', sidOf('CR'), null],
  'Push.FcmCredentialSid': ['push.fcm_credential_sid', sidOf('CR'), null],
  'Totp.Issuer': ['totp.issuer', anyText, null],
  'Totp.TimeStep': ['totp.time_step', count(20, 60), 30],
  'Totp.CodeLength': ['totp.code_length', count(3, 8), 6],
  'Totp.Skew': ['totp.skew', count(0, 2), 1],
  'Whatsapp.MsgServiceSid': ['whatsapp.msg_service_sid', sidOf('MG'), null],
  'Whatsapp.From': ['whatsapp.from', anyText, null],
  'Passkeys.RelyingParty.Id': ['passkeys.relying_party.id', anyText, null],
  'Passkeys.RelyingParty.Name': ['passkeys.relying_party.name', anyText, null],
  'Passkeys.RelyingParty.Origins': ['passkeys.relying_party.origins', (text) => text.split(','), null],
  'Passkeys.AuthenticatorAttachment': ['passkeys.authenticator_attachment', anyText, null],
  'Passkeys.DiscoverableCredentials': ['passkeys.discoverable_credentials', anyText, null],
  'Passkeys.UserVerification': ['passkeys.user_verification', anyText, null],
  DefaultTemplateSid: ['default_template_sid', sidOf('HJ'), null],
  VerifyEventSubscriptionEnabled: ['verify_event_subscription_enabled', flag, false],
};

/** A service with Twilio's defaults for one made through the API. */
export const newService = (sid: string, name: string, now: number): Service => {
  const initial = Object.values(parameters).map(([property, , value]) => [property, value] as const);
  const properties = new Map<string, Value>(initial).set('friendly_name', name).set('totp.issuer', name);
  return { sid, createdAt: now, updatedAt: now, properties };
};

/** Whether one of the service's switches is on. */
export const isOn = (service: Service, property: string): boolean =>
  service.properties.get(property) === true;

/** The number of digits of the service's codes, 4 to 10. */
export const codeLength = (service: Service): number => Number(service.properties.get('code_length'));

const nested = (properties: ReadonlyMap<string, Value>): Record<string, unknown> => {
  const root: Record<string, unknown> = {};
  for (const [path, value] of properties) {
    const names = path.split('.');
    const last = names.pop() ?? path;
    let group = root;
    for (const name of names) {
      group[name] ??= {};
      group = group[name] as Record<string, unknown>;
    }
    group[last] = value;
  }
  return root;
};

const links = {
  verification_checks: 'VerificationCheck',
  verifications: 'Verifications',
  rate_limits: 'RateLimits',
  messaging_configurations: 'MessagingConfigurations',
  entities: 'Entities',
  webhooks: 'Webhooks',
  access_tokens: 'AccessTokens',
};

const body = (service: Service) => {
  const url = `${verifyOrigin}/v2/Services/${service.sid}`;
  return {
    sid: service.sid,
    account_sid: accountSid,
    ...nested(service.properties),
    date_created: isoSeconds(service.createdAt),
    date_updated: isoSeconds(service.updatedAt),
    url,
    links: Object.fromEntries(Object.entries(links).map(([name, path]) => [name, `${url}/${path}`])),
  };
};

/**
 * The service that a request is about.
 *
 * @throws TwilioFailure 60200 for a malformed SID (400, not 404), 20404 for an unknown one.
 */
export const serviceOf = (request: ApiRequest): Service => {
  const sid = param(request, 'ServiceSid');
  if (!isSid('VA', sid)) throw failure(60200, 'Invalid parameter (null)');
  const service = request.state.services.get(sid);
  if (service === undefined) throw notFound(request.path);
  return service;
};

/** Reads every parameter before any takes effect. */
const changes = (form: URLSearchParams): ReadonlyMap<string, Value> =>
  new Map(
    Object.entries(parameters).flatMap(([name, [property, read]]) => {
      const text = form.get(name);
      if (text === null) return [];
      const value = read(text);
      if (value === undefined) throw invalidParameter(name);
      return [[property, value] as const];
    }),
  );

const apply = (service: Service, changed: ReadonlyMap<string, Value>): void => {
  for (const [property, value] of changed) service.properties.set(property, value);
};

/** `POST /v2/Services` */
export const createService: Operation = ({ state, form }) => {
  const changed = changes(form);
  const name = changed.get('friendly_name');
  if (typeof name !== 'string') throw invalidParameter('FriendlyName');
  const service = newService(newSid('VA'), name, state.now());
  apply(service, changed);
  state.services.set(service.sid, service);
  return { status: 201, body: body(service) };
};

/** `GET /v2/Services` */
export const listServices: Operation = (request) =>
  page(request, verifyOrigin, 'services', [...request.state.services.values()].map(body));

/** `GET /v2/Services/{ServiceSid}` */
export const fetchService: Operation = (request) => ({ status: 200, body: body(serviceOf(request)) });

/** `POST /v2/Services/{ServiceSid}` */
export const updateService: Operation = (request) => {
  const service = serviceOf(request);
  apply(service, changes(request.form));
  service.updatedAt = request.state.now();
  return { status: 200, body: body(service) };
};

/** `DELETE /v2/Services/{ServiceSid}` */
export const deleteService: Operation = (request) => {
  request.state.services.delete(serviceOf(request).sid);
  return deleted;
};
