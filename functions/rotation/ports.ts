/** A secret that is being rotated, as Secrets Manager shows it. */
export interface DescribedSecret {
  /** Unique among all accounts and regions. */
  readonly arn: string;
  /** The staging labels of every version that has one, by version id. */
  readonly labels: ReadonlyMap<string, readonly string[]>;
}

/** The versions of one secret. Every failure is a `RunError` that holds no value. */
export interface SecretVersions {
  describe(): Promise<DescribedSecret>;
  /**
   * The text of a version, AWSCURRENT where none is named; undefined where it has no value, as the version of a rotation
   * that has just begun.
   */
  read(version?: string): Promise<string | undefined>;
  /** Gives a version its value, for ever, under AWSPENDING. The same again changes nothing; another value is refused. */
  stage(version: string, text: string): Promise<void>;
  /** Moves AWSCURRENT to a version; the one that had it becomes AWSPREVIOUS. */
  makeCurrent(version: string, instead: string): Promise<void>;
  /** Takes AWSPENDING off a version that has it. */
  settle(version: string): Promise<void>;
}

/** An API key of Twilio, as a list shows it. */
export interface ApiKey {
  /** `SK` and 32 hex digits. */
  readonly sid: string;
  /** Its FriendlyName, at most 64 characters. */
  readonly name: string;
}

/** The API keys of a Twilio account. Every failure is a `RunError`. */
export interface ApiKeys {
  list(): Promise<readonly ApiKey[]>;
  /** Makes a standard key. Its secret is told this once. */
  mint(name: string): Promise<{ readonly sid: string; readonly secret: string }>;
  /** Ends a key; one that is gone already is no failure. */
  remove(sid: string): Promise<void>;
}
