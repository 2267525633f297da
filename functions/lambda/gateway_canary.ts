import { composeGatewayCanary } from '../compose/gateway-canary.ts';

/** The Lambda entry of the canary that goes through the gateway. */
export const handler = composeGatewayCanary();
