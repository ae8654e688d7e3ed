/**
 * Sign-ins that were begun: each is good once, for ten minutes, in the browser that began it. The tables hold hashes only;
 * nonce and PKCE verifier are made from the browser's cookie, so that no copy of the tables redeems a code.
 */
import { createHash, createHmac, randomBytes } from 'node:crypto';
import type { Database } from '../../database/database.ts';
import { keepSession } from '../sessions/store.ts';
import type { Binding } from './client.ts';

export const SIGN_IN_SECONDS = 600;

/** In the table of sessions, where nothing that a session's cookie can hold finds it. */
const KIND = 'sign-in';

export interface BegunSignIn {
  readonly binding: Binding;
  /** For the browser's cookie. */
  readonly browser: string;
}

/** @param returnTo path of ours that the person goes to afterwards */
export async function beginSignIn(
  database: Database,
  { returnTo, now }: { readonly returnTo: string; readonly now: number },
): Promise<BegunSignIn> {
  const [browser, state] = [newSecret(), newSecret()];
  await keepSession(database, {
    idHash: idOf(state),
    tenant: null,
    caller: JSON.stringify({ kind: KIND, returnTo }),
    csrfHash: sha256(browser),
    now,
    expiresAt: now + SIGN_IN_SECONDS * 1000,
  });
  return { binding: bindingOf(browser, state), browser };
}

/** Undefined where there is none, it is over, or another browser began it; else it is used up by this. */
export async function takeSignIn(
  database: Database,
  { state, browser, now }: { readonly state: string; readonly browser: string; readonly now: number },
): Promise<{ readonly binding: Binding; readonly returnTo: string } | undefined> {
  const [row] = await database.asPlatform((query) =>
    query<{ return_to: string }>(
      `delete from tenantry.sessions
       where id_hash = $1 and csrf_hash = $2 and caller->>'kind' = $3 and expires_at > $4
       returning caller->>'returnTo' as return_to`,
      [idOf(state), sha256(browser), KIND, new Date(now)],
    ),
  );
  return row && { binding: bindingOf(browser, state), returnTo: row.return_to };
}

function bindingOf(browser: string, state: string): Binding {
  const made = (what: string): string =>
    createHmac('sha256', browser).update(`tenantry sign-in ${what} ${state}`).digest('base64url');
  return { state, nonce: made('nonce'), verifier: made('verifier') };
}

/** Not the hash that a session has, so that a state can never be taken for a session's secret. */
function idOf(state: string): Buffer {
  return sha256(`${KIND}:${state}`);
}

function newSecret(): string {
  return randomBytes(32).toString('base64url');
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
