/** The Vault whose behaviour is emulated. */

/** Clients compare it; no suffix, because they parse it as the real one's. */
export const vaultVersion = '1.21.1';
