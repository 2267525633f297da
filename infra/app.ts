import { App, Validations } from 'aws-cdk-lib';
import recommendedFlags from 'aws-cdk-lib/recommended-feature-flags.json' with { type: 'json' };
import { AwsSolutionsChecks } from 'cdk-nag';
import { readSettings, type Settings } from './settings.ts';
import { VerifyStack } from './verify-stack.ts';

// The flags come with the library, whose version is pinned, so they change only when it does.
const app = new App({ context: recommendedFlags });

/** What is wrong with a setting is the operator's to read: a sentence, not a stack trace. */
const settingsOrExit = (): Settings => {
  try {
    return readSettings(app.node);
  } catch (thrown) {
    process.stderr.write(`${thrown instanceof Error ? thrown.message : String(thrown)}\n`);
    process.exit(1);
  }
};

const settings = settingsOrExit();
new VerifyStack(app, `twilio-verify-phone-${settings.stage}`, settings);
// A departure from AWS's rules that no construct gives a reason for stops the synthesis.
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
