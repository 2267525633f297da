// Stands in the floor's bundle for the credential sources of a developer's machine: profiles, single sign-on, processes and
// web identity. The SDK's chain is told to go on to the next source.
const absent = () => async (): Promise<never> => {
  throw Object.assign(new Error('This credential source is not part of the bundle'), { tryNextLink: true });
};

/** Shared configuration files. */
export const fromIni = absent;
/** A command that prints credentials. */
export const fromProcess = absent;
/** AWS IAM Identity Center. */
export const fromSSO = absent;
/** A web identity token in a file. */
export const fromTokenFile = absent;
