import { authorizer } from '../authorizer/authorizer.ts';
import { composeAuthorizer } from '../compose/authorizer.ts';

/** The Lambda entry of the token authorizer. */
export const handler = authorizer(composeAuthorizer());
