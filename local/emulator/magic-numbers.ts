/**
 * Destinations that always end the same way, so that every error can be seen without any setting up. The numbers are
 * possible ones in a range that Twilio keeps for tests; the last four digits hint at the error code.
 */
interface Magic {
  /** Twilio's error code. For `delivery` it is the attempt's: creating the verification succeeds. */
  readonly code: number;
  readonly on: 'start' | 'check' | 'delivery';
  /** The one channel that is concerned; every channel where left out. */
  readonly channel?: string;
}

const magic: Readonly<Record<string, Magic>> = {
  '+15005550429': { code: 20429, on: 'start' },
  '+15005550500': { code: 20500, on: 'start' },
  '+15005550503': { code: 20503, on: 'start' },
  '+15005551408': { code: 21408, on: 'start', channel: 'sms' },
  '+15005551608': { code: 21608, on: 'start' },
  '+15005551610': { code: 21610, on: 'start', channel: 'sms' },
  '+15005551612': { code: 21612, on: 'start', channel: 'sms' },
  '+15005551614': { code: 21614, on: 'start', channel: 'sms' },
  '+15005550200': { code: 60200, on: 'start' },
  '+15005550202': { code: 60202, on: 'check' },
  '+15005550203': { code: 60203, on: 'start' },
  '+15005550205': { code: 60205, on: 'start', channel: 'sms' },
  '+15005550212': { code: 60212, on: 'start' },
  'no-mailer@emulator.test': { code: 60217, on: 'start' },
  '+15005550220': { code: 60220, on: 'start' },
  '+15005550223': { code: 60223, on: 'start' },
  '+15005550238': { code: 60238, on: 'start' },
  // In a block of its own: Fraud Guard blocks a whole block of numbers, and the service remembers that for 12 hours.
  '+15005560410': { code: 60410, on: 'start', channel: 'sms' },
  '+15005550605': { code: 60605, on: 'start' },
  '+15005558008': { code: 68008, on: 'start', channel: 'whatsapp' },
  '+15005553003': { code: 30003, on: 'delivery' },
  '+15005553007': { code: 30007, on: 'delivery', channel: 'sms' },
  '+15005553008': { code: 30008, on: 'delivery', channel: 'sms' },
  '+15005553024': { code: 63024, on: 'delivery', channel: 'whatsapp' },
};

/** A number that is a landline by default: takes calls, no SMS. */
export const landlineNumber = '+15005553006';

/** The error that a destination stands for at this stage; undefined for ordinary destinations. */
export const magicCode = (stage: Magic['on'], to: string, channel: string): number | undefined => {
  const entry = magic[to.toLowerCase()];
  return entry?.on === stage && (entry.channel ?? channel) === channel ? entry.code : undefined;
};
