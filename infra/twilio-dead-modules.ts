/**
 * The packages that the Twilio SDK's Verify part imports and, because it is given our own HTTP client, never uses:
 * its own client (`axios`, `https-proxy-agent`, `qs`) and the tokens of its public key client validation
 * (`jsonwebtoken`). Bundling replaces them; test/unit/twilio/twilio-bundle.test.ts proves that they are dead and that the
 * list is whole.
 *
 * Measured with twilio 6.2.0 and esbuild 0.28.2, minified: the gateway is 541 kB with them and 177 kB without. With
 * them go mime-db (137 kB, by axios and form-data), semver (29 kB, by jsonwebtoken) and some forty smaller packages.
 * What remains is Twilio's own code (145 kB), dayjs (9 kB) and ours.
 */
export const twilioDeadModules = ['axios', 'https-proxy-agent', 'jsonwebtoken', 'qs'] as const;
