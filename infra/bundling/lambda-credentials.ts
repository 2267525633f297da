import { fromEnv } from '@aws-sdk/credential-provider-env';
import { fromHttp } from '@aws-sdk/credential-provider-http';
import { chain, memoize } from '@smithy/core/config';

// As in the SDK: a credential is renewed five minutes before it expires.
const renewedBefore = 5 * 60_000;

/**
 * Stands in a bundle for the SDK's chain of credential sources. Lambda has environment variables, and its kin a container
 * endpoint. The other sources are a developer's machine's and EC2's, and the chain's way to load them at need makes
 * esbuild wrap most of the SDK in functions, which V8 then parses twice.
 */
export const defaultProvider = () =>
  memoize(
    chain(fromEnv(), async () => fromHttp()()),
    ({ expiration }) => expiration !== undefined && expiration.getTime() - Date.now() < renewedBefore,
    ({ expiration }) => expiration !== undefined,
  );
