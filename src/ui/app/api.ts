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

export async function signOut(): Promise<void> {
  await api.delete('/session');
  csrfToken = '';
}

function remember(who: Who): Who {
  csrfToken = who.csrfToken ?? '';
  return who;
}
