import { compose } from '../compose/run-service.ts';
import { startVerification } from '../start_verification.ts';
import { lambdaHandler } from './lambda-handler.ts';

/** The Lambda entry of `start_verification`. */
export const handler = lambdaHandler(startVerification, compose());
