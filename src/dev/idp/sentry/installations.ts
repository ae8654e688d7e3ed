/** Installations of a Sentry integration: their codes and their rotating tokens. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { IdpStore, Stored } from '../store.ts';

export interface SentryInstallation {
  readonly uuid: string;
  readonly clientId: string;
  /** Slug of the organisation: the tenant. */
  readonly organization: string;
  readonly status: 'pending' | 'installed';
}

export interface SentryTokens {
  readonly token: string;
  readonly refreshToken: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** Why an exchange is refused; foreign: the code is of another installation. */
export type SentryRefusal = 'unknown' | 'foreign' | 'expired';

export interface SentryStore {
  /** A new installation, or the one that the organisation has, with a new code. */
  install(
    clientId: string,
    organization: string,
  ): { readonly installation: SentryInstallation; readonly code: string };
  installation(uuid: string): SentryInstallation | undefined;
  /** Marks it as installed (verify install). */
  verify(uuid: string): void;
  uninstall(uuid: string): void;
  redeem(uuid: string, code: string): SentryTokens | SentryRefusal;
  refresh(uuid: string, refreshToken: string): SentryTokens | 'unknown';
  /** Whose access token is this? undefined when it is not good. */
  owner(token: string): SentryInstallation | undefined;
}

const CODE_SECONDS = 600;

interface Kept {
  readonly uuid: string;
  /** Seconds since 1970. */
  readonly exp: number;
}

export function sentryStore(
  store: IdpStore,
  life: { readonly accessTokenSeconds: number; readonly now: () => number },
): SentryStore {
  const { accessTokenSeconds, now } = life;
  const keep = (key: string, value: object): void => store.set(`sentry/${key}`, value as Stored, true);
  const read = <T>(key: string): T | undefined => store.get(`sentry/${key}`) as unknown as T | undefined;
  const seconds = (): number => Math.floor(now() / 1000);
  const installation = (uuid: string): SentryInstallation | undefined => read(`Installation/${uuid}`);
  const byOrganization = (clientId: string, organization: string): SentryInstallation | undefined =>
    installation(read<{ uuid: string }>(`Organization/${clientId}/${organization}`)?.uuid ?? '');
  const goodToken = (kind: string, value: string): Kept | undefined => {
    const found = read<Kept>(`${kind}/${value}`);
    return found !== undefined && found.exp > seconds() ? found : undefined;
  };
  const endTokens = (uuid: string): void => {
    for (const [key, value] of [...store.entries()]) {
      if (/^sentry\/(Access|Refresh)\//.test(key) && value.uuid === uuid) store.delete(key);
    }
  };
  const issue = (uuid: string): SentryTokens => {
    const made = { token: randomBytes(32).toString('hex'), refreshToken: randomBytes(32).toString('hex') };
    const exp = seconds() + accessTokenSeconds;
    keep(`Access/${made.token}`, { uuid, exp });
    keep(`Refresh/${made.refreshToken}`, { uuid, exp: Number.MAX_SAFE_INTEGER });
    return { ...made, createdAt: now(), expiresAt: exp * 1000 };
  };

  return {
    installation,
    install(clientId, organization) {
      const known = byOrganization(clientId, organization);
      const made: SentryInstallation = known ?? {
        uuid: randomUUID(),
        clientId,
        organization,
        status: 'pending',
      };
      keep(`Installation/${made.uuid}`, made);
      keep(`Organization/${clientId}/${organization}`, { uuid: made.uuid });
      const code = randomBytes(32).toString('hex');
      keep(`Code/${code}`, { uuid: made.uuid, exp: seconds() + CODE_SECONDS });
      return { installation: made, code };
    },
    verify(uuid) {
      const known = installation(uuid);
      if (known !== undefined) keep(`Installation/${uuid}`, { ...known, status: 'installed' });
    },
    uninstall(uuid) {
      endTokens(uuid);
      store.delete(`sentry/Installation/${uuid}`);
    },
    redeem(uuid, code) {
      const found = read<Kept>(`Code/${code}`);
      if (found === undefined) return 'unknown';
      if (found.uuid !== uuid) return 'foreign';
      if (found.exp <= seconds()) return 'expired';
      // Sentry forgets a code that was redeemed.
      store.delete(`sentry/Code/${code}`);
      return issue(uuid);
    },
    refresh(uuid, refreshToken) {
      const found = read<Kept>(`Refresh/${refreshToken}`);
      if (found?.uuid !== uuid) return 'unknown';
      // One refresh token, one access token: both of the old pair end.
      endTokens(uuid);
      return issue(uuid);
    },
    owner: (token) => installation(goodToken('Access', token)?.uuid ?? ''),
  };
}
