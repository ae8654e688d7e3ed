/** GitHub Apps at the development identity provider: their keys, installations and installation tokens. */
import { generateKeyPairSync, randomBytes, randomInt } from 'node:crypto';
import { findClientRecord, registerClient } from '../clients.ts';
import type { IdpStore, Stored } from '../store.ts';
import { digest } from '../tenant-facts.ts';

export type Permissions = Readonly<Record<string, 'read' | 'write'>>;

export interface GithubApp {
  /** Number as text, as GITHUB_APP_ID holds it. */
  readonly appId: string;
  readonly slug: string;
  readonly clientId: string;
  /** PEM, PKCS #1 as GitHub hands it out. */
  readonly privateKey: string;
  readonly webhookSecret: string;
  readonly permissions: Permissions;
}

export interface Installation {
  readonly id: number;
  readonly appId: string;
  /** Login of the organisation: the tenant. */
  readonly account: string;
  /** Who installed it, or asked an owner to. */
  readonly by: string;
  /** RFC 3339. */
  readonly createdAt: string;
  readonly suspendedAt: string | null;
}

export interface InstallationToken {
  readonly installationId: number;
  readonly permissions: Permissions;
  /** Seconds since 1970. */
  readonly exp: number;
}

export interface RegisterAppOptions {
  readonly slug: string;
  readonly clientId: string;
  /** The first is the callback URL of the installation. Default: none yet. */
  readonly redirectUris?: readonly string[];
  /** Default: contents, issues, metadata and pull_requests, to read. */
  readonly permissions?: Permissions;
}

const PERMISSIONS: Permissions = {
  contents: 'read',
  issues: 'read',
  metadata: 'read',
  pull_requests: 'read',
};

const HOUR_SECONDS = 3600;

export interface GithubAppStore {
  /** Makes the app, or finds the one with this client id. */
  app(options: RegisterAppOptions): GithubApp;
  find(by: Partial<Pick<GithubApp, 'slug' | 'appId' | 'clientId'>>): GithubApp | undefined;
  callbackUrl(app: GithubApp): string | undefined;
  setCallbackUrl(app: GithubApp, url: string): void;
  /** Finds the installation of an account, or makes it. */
  install(app: GithubApp, account: string): { readonly installation: Installation; readonly isNew: boolean };
  installation(id: number): Installation | undefined;
  installations(app: GithubApp): Installation[];
  setSuspended(id: number, suspended: boolean): void;
  /** Ends the installation's tokens too. */
  uninstall(id: number): void;
  issue(
    installation: Installation,
    permissions: Permissions,
  ): { readonly token: string; readonly exp: number };
  /** undefined: unknown, over, revoked, or of an installation that is gone. */
  token(value: string): InstallationToken | undefined;
  revoke(value: string): boolean;
}

export function githubAppStore(store: IdpStore, now: () => number): GithubAppStore {
  const all = <T>(prefix: string): T[] =>
    [...store.entries()].filter(([key]) => key.startsWith(prefix)).map(([, value]) => value as unknown as T);
  const keep = (key: string, value: object): void => store.set(key, value as Stored, true);
  const installation = (id: number): Installation | undefined =>
    store.get(`github/Installation/${id}`) as unknown as Installation | undefined;
  const apps = new Set(all<GithubApp>('github/GithubApp/'));
  const find: GithubAppStore['find'] = (by) =>
    [...apps].find((app) =>
      Object.entries(by).every(([name, value]) => app[name as keyof GithubApp] === value),
    );
  const installations = (app: GithubApp): Installation[] =>
    all<Installation>('github/Installation/').filter(({ appId }) => appId === app.appId);

  return {
    find,
    installation,
    installations,
    app(options) {
      const known = find({ clientId: options.clientId });
      if (known !== undefined) return known;
      const made = newApp(options);
      if (options.redirectUris !== undefined)
        registerClient(store, 'github', { clientId: options.clientId, redirectUris: options.redirectUris });
      apps.add(made);
      keep(`github/GithubApp/${made.appId}`, made);
      return made;
    },
    callbackUrl: ({ clientId }) => findClientRecord(store, 'github', clientId)?.redirectUris[0],
    setCallbackUrl({ clientId }, url) {
      const others = findClientRecord(store, 'github', clientId)?.redirectUris.filter((uri) => uri !== url);
      registerClient(store, 'github', { clientId, redirectUris: [url, ...(others ?? [])] });
    },
    install(app, account) {
      const known = installations(app).find((one) => one.account === account);
      if (known !== undefined) return { installation: known, isNew: false };
      const id = randomInt(10_000_000, 99_999_999);
      const createdAt = new Date(now()).toISOString();
      const made = { id, appId: app.appId, account, by: account, createdAt, suspendedAt: null };
      keep(`github/Installation/${id}`, made);
      return { installation: made, isNew: true };
    },
    setSuspended(id, suspended) {
      const known = installation(id);
      if (known === undefined) return;
      const suspendedAt = suspended ? new Date(now()).toISOString() : null;
      keep(`github/Installation/${id}`, { ...known, suspendedAt });
    },
    uninstall: (id) => store.delete(`github/Installation/${id}`),
    issue({ id }, permissions) {
      const token = `ghs_${randomBytes(32).toString('hex').slice(0, 36)}`;
      const exp = Math.floor(now() / 1000) + HOUR_SECONDS;
      keep(`github/InstallationToken/${token}`, { installationId: id, permissions, exp });
      return { token, exp };
    },
    token(value) {
      const found = store.get(`github/InstallationToken/${value}`) as unknown as
        | InstallationToken
        | undefined;
      if (found === undefined || found.exp <= now() / 1000) return undefined;
      const home = installation(found.installationId);
      return home === undefined || home.suspendedAt !== null ? undefined : found;
    },
    revoke(value) {
      const known = this.token(value) !== undefined;
      store.delete(`github/InstallationToken/${value}`);
      return known;
    },
  };
}

function newApp({ slug, clientId, permissions = PERMISSIONS }: RegisterAppOptions): GithubApp {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    appId: String(100_000 + (Number.parseInt(digest('github app', clientId).slice(0, 8), 16) % 900_000)),
    slug,
    clientId,
    privateKey: privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
    webhookSecret: randomBytes(24).toString('base64url'),
    permissions,
  };
}
