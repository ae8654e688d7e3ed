/** Takes a request through Vault's steps: seal, token, policies, audit, engine, audit. */
import { AuditLog, type AuditRecord } from './audit.ts';
import { type Mounted, Mounts } from './mounts.ts';
import { PolicyStore } from './policies.ts';
import { allows } from './policy-match.ts';
import {
  type EngineRequest,
  multiError,
  type TokenEntry,
  VaultRefusal,
  type VaultRequest,
  type VaultResponse,
} from './request.ts';
import type { Storage } from './storage.ts';
import { health, type SystemContext, sealStatus, systemEngine } from './sys.ts';
import { TokenStore } from './tokens.ts';

/** An answer with the type of the engine that gave it. */
export interface Answer {
  readonly response: VaultResponse | undefined;
  readonly mountType: string;
}

// These need `sudo` besides the capability for the operation.
const sudoPaths =
  /^(?:sys\/(?:auth\/.+|audit(?:\/.*)?|audit-hash\/.+|seal)|auth\/token\/(?:accessors\/?|revoke-orphan.*))$/;

const denied = multiError('permission denied');

const loginMethods = new Set(['approle', 'jwt', 'kubernetes']);

function isLogin(request: VaultRequest, mounted: Mounted | undefined): boolean {
  return (
    mounted !== undefined && loginMethods.has(mounted.mount.type) && request.path === `${mounted.path}login`
  );
}

export class Core {
  readonly tokens: TokenStore;
  readonly audit: AuditLog;
  sealed = false;
  readonly #policies: PolicyStore;
  readonly #mounts: Mounts;
  readonly #system: SystemContext;

  constructor(storage: Storage, now: () => number) {
    this.tokens = new TokenStore(storage, now);
    this.audit = new AuditLog(storage, now);
    this.#policies = new PolicyStore(storage);
    const shared = { storage, now, tokens: this.tokens, policies: this.#policies };
    this.#system = {
      ...shared,
      audit: this.audit,
      mounts: () => this.#mounts,
      seal: () => {
        this.sealed = true;
      },
    };
    this.#mounts = new Mounts(shared, systemEngine(this.#system));
  }

  /** Gets from other servers what the request needs, if it may be made at all. */
  async prepare(request: VaultRequest): Promise<unknown> {
    const mounted = this.#mounts.find(request.path);
    if (this.sealed || mounted?.engine.prepare === undefined) return undefined;
    const token = this.tokens.lookup(request.clientToken ?? '');
    const inner = this.#engineRequest(request, mounted, token);
    if (!isLogin(request, mounted)) {
      try {
        this.#authorize(request.path, inner.operation, this.#authenticate(request));
      } catch {
        // `handle` will say so.
        return undefined;
      }
    }
    return await mounted.engine.prepare(inner);
  }

  /** Throws a VaultRefusal where Vault answers with an error. `fetched` is what `prepare` has given. */
  handle(request: VaultRequest, fetched?: unknown): Answer {
    const open = this.#withoutToken(request);
    if (open !== undefined) return { response: open, mountType: '' };
    if (this.sealed) throw new VaultRefusal(503, 'Vault is sealed');
    const writes = request.operation === 'update' || request.operation === 'patch';
    if (writes && request.path.endsWith('/')) {
      throw new VaultRefusal(400, "cannot write to a path ending in '/'");
    }
    const mounted = this.#mounts.find(request.path);
    if (!isLogin(request, mounted)) return this.#withToken(request, mounted, fetched);
    // Vault leaves the type out of the answer to a login.
    return { ...this.#run(request, mounted, undefined, fetched), mountType: '' };
  }

  #withoutToken(request: VaultRequest): VaultResponse | undefined {
    if (request.operation !== 'read') return undefined;
    if (request.path === 'sys/health') return health(this.#system, this.sealed, request.data);
    if (request.path === 'sys/seal-status') return sealStatus(this.#system, this.sealed);
    if (request.path === 'sys/init') return { bare: { initialized: true } };
    return undefined;
  }

  #withToken(request: VaultRequest, mounted: Mounted | undefined, fetched: unknown): Answer {
    let token: TokenEntry;
    try {
      token = this.#authenticate(request);
    } catch (error) {
      this.#auditRefusal(request, mounted, undefined, error);
      throw error;
    }
    const { finish } = this.tokens.use(token);
    try {
      return this.#run(request, mounted, token, fetched);
    } finally {
      finish();
    }
  }

  #authenticate(request: VaultRequest): TokenEntry {
    if (request.clientToken === undefined) throw new VaultRefusal(403, 'permission denied');
    const token = this.tokens.lookup(request.clientToken);
    if (token === undefined) throw new VaultRefusal(403, multiError('permission denied', 'invalid token'));
    return token;
  }

  #run(
    request: VaultRequest,
    mounted: Mounted | undefined,
    token: TokenEntry | undefined,
    fetched: unknown,
  ): Answer {
    let inner: EngineRequest;
    try {
      inner = { ...this.#engineRequest(request, mounted, token), fetched };
      if (token !== undefined) this.#authorize(request.path, inner.operation, token);
      if (mounted === undefined) {
        throw new VaultRefusal(404, `no handler for route "${request.path}". route entry not found.`);
      }
    } catch (error) {
      this.#auditRefusal(request, mounted, token, error);
      throw error;
    }
    const record = this.#record({ ...request, operation: inner.operation }, mounted, token);
    if (this.audit.devices.size === 0) {
      return { response: mounted.engine.handle(inner), mountType: mounted.engine.type };
    }
    return this.#runAudited(record, inner, mounted);
  }

  #runAudited(record: AuditRecord, inner: EngineRequest, mounted: Mounted): Answer {
    this.#write(() => this.audit.request(record));
    let response: VaultResponse | undefined;
    try {
      response = mounted.engine.handle(inner);
    } catch (error) {
      this.#write(() => this.audit.response({ ...record, error: (error as Error).message }, undefined));
      throw error;
    }
    this.#write(() => this.audit.response(record, response));
    return { response, mountType: mounted.engine.type };
  }

  #engineRequest(
    request: VaultRequest,
    mounted: Mounted | undefined,
    token: TokenEntry | undefined,
  ): EngineRequest {
    const mountPath = mounted?.path ?? '';
    const path = request.path.slice(mountPath.length);
    const { operation, data } = request;
    const inner: EngineRequest = { operation, path, mountPath, data, token };
    // Vault looks whether the object exists first, because policies tell create from update.
    const creates = operation === 'update' && mounted?.engine.exists(inner) === false;
    return creates ? { ...inner, operation: 'create' } : inner;
  }

  #authorize(path: string, operation: EngineRequest['operation'], token: TokenEntry): void {
    const acl = this.#policies.acl(token.policies);
    if (acl === 'root') return;
    const granted = acl.capabilities(path, operation === 'list');
    if (!allows(granted, operation)) throw new VaultRefusal(403, denied);
    if (sudoPaths.test(path) && granted?.has('sudo') !== true) throw new VaultRefusal(403, denied);
  }

  #record(request: VaultRequest, mounted: Mounted | undefined, token: TokenEntry | undefined): AuditRecord {
    return {
      request,
      token,
      mountPath: mounted?.path ?? '',
      mountType: mounted?.engine.type ?? '',
      error: undefined,
    };
  }

  #auditRefusal(
    request: VaultRequest,
    mounted: Mounted | undefined,
    token: TokenEntry | undefined,
    error: unknown,
  ): void {
    if (this.audit.devices.size === 0) return;
    const record = { ...this.#record(request, mounted, token), error: (error as Error).message };
    this.#write(() => {
      this.audit.request(record);
      this.audit.response(record, undefined);
    });
  }

  /** Vault serves nothing that it cannot audit. */
  #write(work: () => void): void {
    try {
      work();
    } catch {
      throw new VaultRefusal(500, 'internal error');
    }
  }
}
