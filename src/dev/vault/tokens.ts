/** Tokens: made, looked up, renewed, used up, expired and revoked together with their children. */
import { randomBytes, randomUUID } from 'node:crypto';
import { humanDuration } from './duration.ts';
import { type AuthBlock, badRequest, type TokenEntry } from './request.ts';
import { systemMaxTtl } from './state.ts';
import type { Storage } from './storage.ts';

/** What a new token shall be. Durations are in seconds; 0 means "not set". */
export interface TokenRequest {
  readonly id?: string;
  readonly parent: string;
  readonly policies: readonly string[];
  readonly path: string;
  readonly meta: Readonly<Record<string, string>> | null;
  readonly displayName: string;
  readonly entityId?: string;
  readonly numUses: number;
  readonly ttl: number;
  readonly explicitMaxTtl: number;
  readonly maxTtl: number;
  readonly period: number;
  readonly renewable: boolean;
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** 24 letters and digits: 62²⁴ is beyond guessing, the small bias of the remainder does not matter. */
function randomName(): string {
  return Array.from(randomBytes(24), (byte) => alphabet.charAt(byte % alphabet.length)).join('');
}

interface Lifetime {
  /** Seconds; 0 means no end. */
  readonly ttl: number;
  readonly warnings: readonly string[];
}

/** Seconds that a token may live from now on, capped as Vault caps it. */
function lifetime(
  wanted: number,
  token: Pick<TokenEntry, 'period' | 'explicitMaxTtl' | 'maxTtl'>,
  age: number,
): Lifetime {
  const maxTtl = Math.min(systemMaxTtl, token.maxTtl || systemMaxTtl, token.explicitMaxTtl || systemMaxTtl);
  const warnings: string[] = [];
  let ttl = token.period > 0 ? token.period : wanted || systemMaxTtl;
  if (token.period > maxTtl) {
    warnings.push(
      `period of "${humanDuration(token.period)}" exceeded the effective max_ttl of "${humanDuration(maxTtl)}"; period value is capped accordingly`,
    );
    ttl = maxTtl;
  }
  const end = token.period > 0 ? token.explicitMaxTtl : maxTtl;
  if (end > 0) {
    const left = end - age;
    if (left <= 0) throw badRequest('past the max TTL, cannot renew');
    if (ttl > left) {
      if (wanted > 0 || token.period > 0) {
        warnings.push(
          `TTL of "${humanDuration(ttl)}" exceeded the effective max_ttl of "${humanDuration(left)}"; TTL value is capped accordingly`,
        );
      }
      ttl = left;
    }
  }
  return { ttl, warnings };
}

export class TokenStore {
  readonly #storage: Storage;
  readonly #now: () => number;
  readonly #byAccessor = new Map<string, string>();
  readonly #children = new Map<string, Set<string>>();

  constructor(storage: Storage, now: () => number) {
    this.#storage = storage;
    this.#now = now;
    for (const token of storage.state.tokens.values()) this.#index(token);
  }

  /** A living token; one that has ended is revoked with its children. */
  lookup(id: string): TokenEntry | undefined {
    const token = this.#storage.state.tokens.get(id);
    // Below zero: its last use is being served right now.
    if (token === undefined || token.numUses < 0) return undefined;
    if (token.expireTime === null || token.expireTime > this.#now()) return token;
    this.revoke(id);
    return undefined;
  }

  byAccessor(accessor: string): TokenEntry | undefined {
    const id = this.#byAccessor.get(accessor);
    return id === undefined ? undefined : this.lookup(id);
  }

  accessors(): string[] {
    const living = [...this.#storage.state.tokens.keys()].filter((id) => this.lookup(id) !== undefined);
    return living.map((id) => this.#storage.state.tokens.get(id)?.accessor ?? '');
  }

  create(request: TokenRequest): { token: TokenEntry; warnings: readonly string[] } {
    const id = request.id ?? `hvs.${randomName()}`;
    if (this.lookup(id) !== undefined) throw badRequest('cannot create a token with a duplicate ID');
    const endless = request.policies.includes('root') && request.ttl === 0 && request.period === 0;
    const { ttl, warnings } = endless
      ? { ttl: request.explicitMaxTtl, warnings: [] }
      : lifetime(request.ttl, request, 0);
    const now = this.#now();
    const token: TokenEntry = {
      id,
      accessor: randomName(),
      parent: request.parent,
      policies: request.policies,
      path: request.path,
      meta: request.meta,
      displayName: request.displayName,
      entityId: request.entityId ?? '',
      numUses: request.numUses,
      issueTime: now,
      creationTtl: ttl,
      explicitMaxTtl: request.explicitMaxTtl,
      maxTtl: request.maxTtl,
      period: request.period,
      renewable: ttl > 0 && request.renewable,
      expireTime: ttl > 0 ? now + ttl * 1000 : null,
      lastRenewal: null,
    };
    this.#storage.state.tokens.set(id, token);
    this.#index(token);
    this.#storage.changed();
    return { token, warnings };
  }

  /** Increment in seconds; 0 means the token's own life. */
  renew(token: TokenEntry, increment: number): readonly string[] {
    if (!token.renewable || token.expireTime === null) throw badRequest('lease is not renewable');
    const now = this.#now();
    const age = Math.floor((now - token.issueTime) / 1000);
    const { ttl, warnings } = lifetime(increment || token.creationTtl, token, age);
    token.expireTime = now + ttl * 1000;
    token.lastRenewal = now;
    this.#storage.changed();
    return warnings;
  }

  /** Counts one use; the last one ends the token when the request is done (`finish`). */
  use(token: TokenEntry): { finish: () => void } {
    if (token.numUses === 0) return { finish: () => undefined };
    token.numUses = token.numUses === 1 ? -1 : token.numUses - 1;
    this.#storage.changed();
    return { finish: () => (token.numUses === -1 ? this.revoke(token.id) : undefined) };
  }

  /** Revokes the token and all that descend from it. */
  revoke(id: string): void {
    const token = this.#forget(id);
    if (token === undefined) return;
    const children = [...(this.#children.get(id) ?? [])];
    this.#children.delete(id);
    for (const child of children) this.revoke(child);
  }

  /** Revokes the token alone; its children become orphans. */
  revokeOrphan(id: string): void {
    for (const child of this.#children.get(id) ?? []) {
      const token = this.#storage.state.tokens.get(child);
      if (token !== undefined) token.parent = '';
    }
    this.#children.delete(id);
    this.#forget(id);
  }

  /** Revokes the tokens that a login below this mount path (`auth/approle/`) has made. */
  revokeByMount(mountPath: string): void {
    for (const token of [...this.#storage.state.tokens.values()]) {
      if (token.path.startsWith(mountPath)) this.revoke(token.id);
    }
  }

  /** Whole seconds that are left; 0 for a token without end. */
  secondsLeft(token: TokenEntry): number {
    return token.expireTime === null ? 0 : Math.max(0, Math.floor((token.expireTime - this.#now()) / 1000));
  }

  #forget(id: string): TokenEntry | undefined {
    const token = this.#storage.state.tokens.get(id);
    if (token === undefined) return undefined;
    this.#storage.state.tokens.delete(id);
    this.#byAccessor.delete(token.accessor);
    this.#children.get(token.parent)?.delete(id);
    this.#storage.changed();
    return token;
  }

  #index(token: TokenEntry): void {
    this.#byAccessor.set(token.accessor, token.id);
    if (token.parent === '') return;
    const siblings = this.#children.get(token.parent) ?? new Set();
    siblings.add(token.id);
    this.#children.set(token.parent, siblings);
  }
}

/** The `auth` block that shows a token to its new holder. */
export function authBlock(token: TokenEntry, leaseDuration: number): AuthBlock {
  return {
    client_token: token.id,
    accessor: token.accessor,
    policies: token.policies,
    token_policies: token.policies,
    metadata: token.meta,
    lease_duration: leaseDuration,
    renewable: token.renewable,
    entity_id: token.entityId,
    token_type: 'service',
    orphan: token.parent === '',
    mfa_requirement: null,
    num_uses: token.numUses,
  };
}

/** Policies as Vault stores them: lower case, each once, sorted; `root` stands alone. */
export function sanitizePolicies(names: readonly string[], addDefault: boolean): string[] {
  const clean = new Set(names.map((name) => name.trim().toLowerCase()).filter((name) => name !== ''));
  if (clean.has('root')) return ['root'];
  if (addDefault) clean.add('default');
  return [...clean].sort();
}

/** A stable name of an identity, as login methods give their tokens. */
export function newEntityId(): string {
  return randomUUID();
}
