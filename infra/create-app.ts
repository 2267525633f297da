import { App, type AppProps, Validations } from 'aws-cdk-lib';
import recommendedFlags from 'aws-cdk-lib/recommended-feature-flags.json' with { type: 'json' };
import { AwsSolutionsChecks } from 'cdk-nag';
import type { Settings } from './settings.ts';
import { VerifyStack } from './verify-stack.ts';

/** A CDK app without a stack, whose context holds the settings. */
export const createApp = ({ context, ...props }: AppProps = {}): App =>
  // The flags come with the library, whose version is pinned, so they change only when it does.
  new App({ ...props, context: { ...recommendedFlags, ...context } });

/** Adds the whole service to an app. */
export const addService = (app: App, settings: Settings): void => {
  new VerifyStack(app, `twilio-verify-phone-${settings.stage}`, settings);
  // A departure from AWS's rules that no construct gives a reason for stops the synthesis.
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
};
