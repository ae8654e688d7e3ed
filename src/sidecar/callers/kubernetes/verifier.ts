/** Verifies service account tokens of Kubernetes, and keeps the API server's word for a short time. */
import { createHash } from 'node:crypto';
import type { JWTPayload } from 'jose';
import QuickLRU from 'quick-lru';
import { TenantryError } from '../../../errors.ts';
import { DOCUMENT_NAME_PATTERN } from '../../../spec/names.ts';
import type { Caller } from '../caller.ts';
import { unverifiedPayload } from '../jwt/unverified.ts';
import { invalidCredential } from '../refusal.ts';
import type { CallerSettings } from '../settings.ts';
import { TokenReviewer } from './token-review.ts';

export type KubernetesSettings = NonNullable<CallerSettings['kubernetes']>;

/** So long a deleted service account goes on to count. */
const GOOD_MS = 60_000;
const BAD_MS = 10_000;
const MOST_TOKENS = 10_000;
const SERVICE_ACCOUNT = /^system:serviceaccount:([^:]+):([^:]+)$/;

interface Known {
  /** Undefined: the API server refused the token. */
  readonly user: string | undefined;
  readonly until: number;
}

export class KubernetesVerifier {
  readonly #settings: KubernetesSettings;
  readonly #reviewer: TokenReviewer;
  readonly #now: () => number;
  readonly #known = new QuickLRU<string, Known>({ maxSize: MOST_TOKENS });
  readonly #pending = new Map<string, Promise<string | undefined>>();

  constructor(settings: KubernetesSettings, now: () => number) {
    const { apiServer, audience, caCertFile, tokenFile } = settings;
    if (apiServer === undefined) {
      throw new TenantryError(
        'MissingSetting',
        'spec.sidecar.callers.kubernetes.apiServer is not set, and this is no pod',
      );
    }
    this.#settings = settings;
    this.#now = now;
    this.#reviewer = new TokenReviewer({ apiServer, audience, caCertFile, tokenFile });
  }

  /** @throws Unauthenticated, or IssuerUnavailable while the API server does not answer */
  async verify(token: string): Promise<Caller> {
    const payload = unverifiedPayload(token);
    const ends = this.#endOf(payload);
    const user = await this.#userOf(token, ends);
    if (user === undefined) throw invalidCredential('the Kubernetes API server refuses the token');
    return callerOfAccount(user, this.#settings);
  }

  async close(): Promise<void> {
    await this.#reviewer.close();
  }

  /** What cannot be good is not shown to the API server: other people's tokens are none of its business. */
  #endOf(payload: JWTPayload | undefined): number {
    const audiences = [payload?.aud ?? []].flat();
    if (!audiences.includes(this.#settings.audience) || !SERVICE_ACCOUNT.test(String(payload?.sub))) {
      throw invalidCredential('no service account token for this audience');
    }
    const ends = typeof payload?.exp === 'number' ? payload.exp * 1000 : Number.NaN;
    if (!(ends > this.#now())) throw invalidCredential('the service account token has ended');
    return ends;
  }

  async #userOf(token: string, ends: number): Promise<string | undefined> {
    const digest = createHash('sha256').update(token).digest('base64');
    const known = this.#known.get(digest);
    if (known !== undefined && known.until > this.#now()) return known.user;
    const work = this.#pending.get(digest) ?? this.#ask(token, { digest, ends });
    this.#pending.set(digest, work);
    return await work;
  }

  async #ask(token: string, { digest, ends }: { digest: string; ends: number }): Promise<string | undefined> {
    try {
      const user = await this.#reviewer.userOf(token);
      const until = this.#now() + (user === undefined ? BAD_MS : GOOD_MS);
      this.#known.set(digest, { user, until: Math.min(until, ends) });
      return user;
    } finally {
      this.#pending.delete(digest);
    }
  }
}

/** The entry with the account's own name goes before one for its whole namespace. */
export function callerOfAccount(user: string, settings: Pick<KubernetesSettings, 'serviceAccounts'>): Caller {
  const [, namespace, name] = SERVICE_ACCOUNT.exec(user) ?? [];
  const ofNamespace = settings.serviceAccounts.filter((entry) => entry.namespace === namespace);
  const entry =
    ofNamespace.find((each) => each.name === name) ?? ofNamespace.find((each) => each.name === '*');
  if (entry === undefined || namespace === undefined) {
    throw invalidCredential(`no serviceAccounts entry for ${user}`);
  }
  const id = `kubernetes:${namespace}/${name}`;
  if (entry.role === 'admin') return { kind: 'kubernetes', id, role: 'admin', tenants: 'all' };
  const tenants = entry.tenants ?? [namespace].filter((each) => DOCUMENT_NAME_PATTERN.test(each));
  return { kind: 'kubernetes', id, role: entry.role, tenants };
}
