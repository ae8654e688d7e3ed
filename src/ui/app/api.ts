/** The sidecar that serves this page, called with the session's cookie. */
import { createSidecarClient, type Schema, SidecarError } from '../../client/index.ts';

/** Told with the session, sent with whatever changes something; kept in memory alone. */
let csrfToken = '';

export const api = createSidecarClient({ url: location.origin, csrfToken: () => csrfToken });

export type Who = Schema<'CallerInfo'>;

/** Undefined when nobody has signed in, or the session has ended. */
export async function readSession(signal: AbortSignal): Promise<Who | undefined> {
  try {
    return remember(await api.get('/session', { signal }));
  } catch (error) {
    if (error instanceof SidecarError && error.status === 401) return undefined;
    throw error;
  }
}

/** @param credential an API key or JWT: used for this one call and kept nowhere */
export async function signIn(credential: string): Promise<Who> {
  const client = createSidecarClient({ url: location.origin, credential });
  return remember(await client.post('/session'));
}

export type SignInMethods = Schema<'SignInMethods'>;

export function signInMethods(signal: AbortSignal): Promise<SignInMethods> {
  return api.get('/session/methods', { signal });
}

/** Without a key: where the development environment lets a page of its own in. */
export async function openSession(): Promise<Who> {
  // There alone, and so in no document of the API; it answers as `POST /session` does.
  return remember(await api.post('/session/open' as '/session'));
}

/** A session that has ended already is as good. @throws SidecarError: it may live on */
export async function signOut(): Promise<void> {
  try {
    await api.delete('/session');
  } catch (error) {
    if (!(error instanceof SidecarError && error.status === 401)) throw error;
  }
  csrfToken = '';
}

function remember(who: Who): Who {
  csrfToken = who.csrfToken ?? '';
  return who;
}
