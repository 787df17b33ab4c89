/** What of `@napi-rs/keyring` is used. The module has all of it; a test holds these types against its own. */
export interface KeyringModule {
  /** A secret by its names, without blocking while a person unlocks the keyring. */
  AsyncEntry: KeyringEntryClass;
}

/** Makes entries. */
export interface KeyringEntryClass {
  /** Touches nothing yet. On Linux `store` names the only place where the secret may be. */
  new (service: string, username: string, options?: { linux?: { store?: 'secret-service' } }): KeyringEntry;
}

/** One secret in a keyring. */
export interface KeyringEntry {
  /** Null: there is none. Rejects where the keyring is locked. */
  getSecret(): Promise<ArrayLike<number> | null>;
  /** Puts it into the keyring. */
  setSecret(secret: Uint8Array): Promise<void>;
}
