import { checkVerification } from '../check_verification.ts';
import { compose } from '../compose/run-service.ts';
import { lambdaHandler } from './lambda-handler.ts';

/** The Lambda entry of `check_verification`. */
export const handler = lambdaHandler(checkVerification, compose());
