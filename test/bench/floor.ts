import { readAws } from './aws-part.ts';

/** The least that could send a code: bare AWS SDK clients and one fetch. What a function's cold start is held against. */
export const handler = async (event: { readonly to_phone: string }): Promise<{ success: boolean }> => {
  const secret = await readAws();
  const credential = Buffer.from(`${secret.twilio_api_key_sid}:${secret.twilio_api_key_secret}`);
  const url = `${process.env['TWILIO_API_BASE_URL']}/v2/Services/${secret.service_sid}/Verifications`;
  const response = await fetch(url, {
    method: 'POST',
    headers: { Authorization: `Basic ${credential.toString('base64')}` },
    body: new URLSearchParams({ To: event.to_phone, Channel: 'sms' }),
  });
  const sent = (await response.json()) as { readonly status: string };
  return { success: sent.status === 'pending' };
};
