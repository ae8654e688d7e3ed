/** The tables of secrets engines and auth methods, and the running engine behind each path. */
import { createHash } from 'node:crypto';
import { approleEngine } from './approle.ts';
import { jwtEngine } from './jwt-auth.ts';
import { kubernetesEngine } from './kubernetes-auth.ts';
import { kvEngine } from './kv.ts';
import type { PolicyStore } from './policies.ts';
import { badRequest, type TokenEntry } from './request.ts';
import type { Engine } from './routes.ts';
import {
  type AppRoleState,
  emptyKv,
  type Mount,
  type MountState,
  mountOf,
  type TransitState,
} from './state.ts';
import type { Storage } from './storage.ts';
import { tokenEngine } from './token-auth.ts';
import type { TokenStore } from './tokens.ts';
import { transitEngine } from './transit.ts';

/** What the engines need. */
export interface MountContext {
  readonly storage: Storage;
  readonly now: () => number;
  readonly tokens: TokenStore;
  readonly policies: PolicyStore;
}

/** An engine with the full path of its mount, e.g. `auth/approle/`. */
export interface Mounted {
  readonly path: string;
  readonly mount: Mount;
  readonly engine: Engine;
}

export type MountTable = 'mounts' | 'auths';

export interface MountRequest {
  readonly type: string;
  readonly description: string;
  readonly options: Readonly<Record<string, string>> | undefined;
  readonly defaultLeaseTtl: number;
  readonly maxLeaseTtl: number;
}

/** An identity for `created_by` that tells nothing of the token. */
function clientId(token: TokenEntry): string {
  return token.entityId !== ''
    ? token.entityId
    : createHash('sha256').update(token.policies.join('\n')).digest('base64');
}

function newState(table: MountTable, request: MountRequest): MountState {
  const { type } = request;
  if (table === 'auths' && type === 'approle')
    return { type: 'approle', roles: new Map() } satisfies AppRoleState;
  if (table === 'auths' && (type === 'jwt' || type === 'kubernetes'))
    return { type, config: null, roles: new Map(), entities: new Map() };
  if (table === 'mounts' && type === 'transit')
    return { type: 'transit', keys: new Map() } satisfies TransitState;
  if (table === 'mounts' && (type === 'kv' || type === 'kv-v2')) {
    if (type === 'kv' && request.options?.version !== '2') {
      throw badRequest(
        'the development Vault has version 2 of the kv engine only: set options.version to "2"',
      );
    }
    return emptyKv();
  }
  throw badRequest(`plugin not found in the catalog: ${type}`);
}

export class Mounts {
  readonly #context: MountContext;
  readonly #running = new Map<string, Mounted>();

  constructor(context: MountContext, system: Engine) {
    this.#context = context;
    const { state } = context.storage;
    for (const [path, mount] of state.mounts) this.#start(path, mount, system);
    for (const [path, mount] of state.auths) this.#start(`auth/${path}`, mount, system);
  }

  table(table: MountTable): ReadonlyMap<string, Mount> {
    return this.#context.storage.state[table];
  }

  /** The engine whose mount is the longest prefix of the path. */
  find(path: string): Mounted | undefined {
    // A path without a slash may name the mount itself.
    for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 2) + 1) {
      const prefix = path.slice(0, end);
      const found = this.#running.get(prefix.endsWith('/') ? prefix : `${prefix}/`);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** `path` ends in a slash and is relative to the table. */
  add(table: MountTable, path: string, request: MountRequest): void {
    if (request.type === '') throw badRequest('backend type must be specified as a string');
    if (table === 'mounts' && /^(sys|auth|identity|cubbyhole|audit)\//.test(path)) {
      throw badRequest(`cannot mount "${path}"`);
    }
    const state = newState(table, request);
    for (const used of this.table(table).keys()) {
      if (used.startsWith(path) || path.startsWith(used))
        throw badRequest(`path is already in use at ${used}`);
    }
    const isKv = state.type === 'kv';
    const mount = mountOf(
      isKv ? 'kv' : request.type,
      {
        description: request.description,
        options: isKv ? { version: '2' } : (request.options ?? (table === 'auths' ? {} : null)),
      },
      state,
    );
    mount.defaultLeaseTtl = request.defaultLeaseTtl;
    mount.maxLeaseTtl = request.maxLeaseTtl;
    this.#context.storage.state[table].set(path, mount);
    this.#start(table === 'auths' ? `auth/${path}` : path, mount, undefined);
    this.#context.storage.changed();
  }

  /** Removes the mount with everything in it; not being there is success. */
  remove(table: MountTable, path: string): void {
    if (table === 'mounts' && path === 'sys/') throw badRequest('cannot unmount "sys/"');
    if (table === 'auths' && path === 'token/')
      throw badRequest('token credential backend cannot be disabled');
    if (!this.#context.storage.state[table].delete(path)) return;
    const full = table === 'auths' ? `auth/${path}` : path;
    this.#running.delete(full);
    if (table === 'auths') this.#context.tokens.revokeByMount(full);
    this.#context.storage.changed();
  }

  #start(path: string, mount: Mount, system: Engine | undefined): void {
    const engine = this.#engineFor(mount) ?? system;
    if (engine !== undefined) this.#running.set(path, { path, mount, engine });
  }

  #engineFor(mount: Mount): Engine | undefined {
    const { storage, now, tokens, policies } = this.#context;
    const { changed } = storage;
    const { state } = mount;
    if (state.type === 'kv') return kvEngine(state, { now, changed, clientId });
    if (state.type === 'transit') return transitEngine(state, now, changed);
    if (state.type === 'approle') return approleEngine(state, { tokens, now, changed });
    if (state.type === 'jwt') return jwtEngine(state, { tokens, now, changed });
    if (state.type === 'kubernetes') return kubernetesEngine(state, { tokens, now, changed });
    return mount.type === 'token' ? tokenEngine(tokens, policies) : undefined;
  }
}
