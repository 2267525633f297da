import twilio from 'twilio';
import { readAws } from './aws-part.ts';

/** What most services of this kind do: the floor's work, with the whole `twilio` package and its own HTTP client. */
export const handler = async (event: { readonly to_phone: string }): Promise<{ success: boolean }> => {
  const secret = await readAws();
  const client = twilio(secret.twilio_api_key_sid, secret.twilio_api_key_secret, {
    accountSid: secret.twilio_account_sid,
  });
  client.verify.baseUrl = process.env['TWILIO_API_BASE_URL'] ?? '';
  const { status } = await client.verify.v2
    .services(secret.service_sid)
    .verifications.create({ to: event.to_phone, channel: 'sms' });
  return { success: status === 'pending' };
};
