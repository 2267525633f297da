import { EndpointAccessMode, SecurityPolicy } from 'aws-cdk-lib/aws-apigateway';

/**
 * TLS 1.2 with forward secrecy, and 1.3. Both the API and its custom domain need it: the handshake at the domain follows
 * the API's policy, which is TLS 1.0 and newer where nothing is said.
 */
export const tlsPolicy = {
  securityPolicy: SecurityPolicy.TLS13_1_2_PFS_PQ_2025_09,
  // The newer policies want it said: the name in the handshake must be the one in the request.
  endpointAccessMode: EndpointAccessMode.STRICT,
} as const;
