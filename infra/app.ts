import { addService, createApp } from './create-app.ts';
import { readSettings, type Settings } from './settings.ts';

const app = createApp();

/** The operator reads what is wrong with a setting: a sentence, not a stack trace. */
const settingsOrExit = (): Settings => {
  try {
    return readSettings(app.node);
  } catch (thrown) {
    process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
    process.exit(1);
  }
};

addService(app, settingsOrExit());
