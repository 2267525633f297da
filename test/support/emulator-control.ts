import type { World } from '../../local/world.ts';

/** A message that reached a phone or a mailbox of the emulator. */
interface Message {
  readonly to: string;
  readonly channel: string;
  readonly code: string;
  readonly sid: string;
}

/** The handles by which a test looks at and moves an emulator. */
export interface EmulatorControl {
  /** What reached a recipient, oldest first. */
  messages(to: string): Promise<readonly Message[]>;
  /** Posts to the emulator's control side. */
  control(route: 'faults' | 'clock' | 'settings' | 'credentials' | 'reset', body: object): Promise<void>;
  /** How often the emulator was asked at all. */
  twilioRequests(): Promise<number>;
}

const posted = async (url: string, body: object): Promise<void> => {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`The emulator refused: ${await response.text()}`);
};

/** The handles of the emulator at an address. */
export const emulatorControl = ({ emulatorUrl }: Pick<World, 'emulatorUrl'>): EmulatorControl => {
  const base = `${emulatorUrl}/_emulator`;
  const listed = async (path: string) => (await (await fetch(`${base}/${path}`)).json()) as unknown[];
  return {
    messages: async (to) => (await listed(`messages?to=${encodeURIComponent(to)}`)) as Message[],
    control: (route, body) => posted(`${base}/${route}`, body),
    twilioRequests: async () => (await listed('requests')).length,
  };
};
