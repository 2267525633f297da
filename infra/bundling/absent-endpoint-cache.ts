/** Stands in a bundle for the cache of DynamoDB's endpoint discovery, which the client makes and no command of it uses. */
export class EndpointCache {}
