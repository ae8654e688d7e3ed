/** Google's rule for refresh tokens: for offline access only, and only where the person consented in this flow. */
import type { IdpStore } from './store.ts';

export interface ConsentGiven {
  readonly clientId: string;
  readonly tenant: string;
  readonly grantId: string;
  /** The request had access_type=offline. */
  readonly offline: boolean;
  /** The request had prompt=consent. */
  readonly asked: boolean;
}

/** Notes a consent; the first one of an account for an app counts as asked for. */
export function rememberConsent(store: IdpStore, given: ConsentGiven): void {
  const key = consentKey(given.clientId, given.tenant);
  const first = store.get(key) === undefined;
  store.set(key, { at: given.grantId }, true);
  if (given.offline && (given.asked || first)) store.set(grantKey(given.grantId), { offline: true }, true);
}

/** May a code of this grant give a refresh token? */
export function isOfflineGrant(store: IdpStore, grantId: string): boolean {
  return store.get(grantKey(grantId)) !== undefined;
}

/** After a revocation the next consent is a first one. */
export function forgetConsent(store: IdpStore, clientId: string, tenant: string): void {
  store.delete(consentKey(clientId, tenant));
}

function consentKey(clientId: string, tenant: string): string {
  return `google/Consent/${clientId}/${tenant}`;
}

function grantKey(grantId: string): string {
  return `google/Offline/${grantId}`;
}
