/** Audit devices: one JSON line for each request and each response, with every value and token hidden by HMAC. */
import { createHmac, randomBytes } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { makeFolder } from '../../make-folder.ts';
import type { AuthBlock, TokenEntry, VaultRequest, VaultResponse } from './request.ts';
import type { AuditDevice } from './state.ts';
import type { Storage } from './storage.ts';

/** What is known of a request when it is written. */
export interface AuditRecord {
  readonly request: VaultRequest;
  readonly token: TokenEntry | undefined;
  readonly mountPath: string;
  readonly mountType: string;
  readonly error: string | undefined;
}

function hash(device: AuditDevice, text: string): string {
  return `hmac-sha256:${createHmac('sha256', Buffer.from(device.salt, 'base64')).update(text).digest('hex')}`;
}

/** Strings are hashed; numbers, booleans and field names stay, as in Vault. */
function hide(device: AuditDevice, value: unknown): unknown {
  if (typeof value === 'string') return hash(device, value);
  if (Array.isArray(value)) return value.map((item) => hide(device, item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, hide(device, inner)]));
}

function tokenPart(device: AuditDevice, token: TokenEntry): Record<string, unknown> {
  return {
    accessor: hash(device, token.accessor),
    client_token: hash(device, token.id),
    display_name: token.displayName,
    ...(token.entityId === '' ? {} : { entity_id: token.entityId }),
    policies: token.policies,
    token_policies: token.policies,
    token_issue_time: new Date(token.issueTime).toISOString(),
    ...(token.creationTtl === 0 ? {} : { token_ttl: token.creationTtl }),
    token_type: 'service',
  };
}

function authPart(device: AuditDevice, auth: AuthBlock): Record<string, unknown> {
  return {
    accessor: hash(device, auth.accessor),
    client_token: hash(device, auth.client_token),
    ...(auth.entity_id === '' ? {} : { entity_id: auth.entity_id }),
    ...(auth.metadata === null ? {} : { metadata: auth.metadata }),
    policies: auth.policies,
    token_policies: auth.token_policies,
    token_ttl: auth.lease_duration,
    token_type: auth.token_type,
  };
}

function requestPart(device: AuditDevice, record: AuditRecord): Record<string, unknown> {
  const { request, token } = record;
  return {
    id: request.id,
    operation: request.operation,
    path: request.path,
    namespace: { id: 'root' },
    mount_point: record.mountPath,
    mount_type: record.mountType,
    ...(request.clientToken === undefined ? {} : { client_token: hash(device, request.clientToken) }),
    ...(token === undefined ? {} : { client_token_accessor: hash(device, token.accessor) }),
    ...(Object.keys(request.data).length === 0 ? {} : { data: hide(device, request.data) }),
    remote_address: request.remoteAddress,
    remote_port: request.remotePort,
  };
}

/** The enabled devices. Vault answers a request only when its record has been written, and so does this. */
export class AuditLog {
  readonly #storage: Storage;
  readonly #now: () => number;

  constructor(storage: Storage, now: () => number) {
    this.#storage = storage;
    this.#now = now;
  }

  get devices(): ReadonlyMap<string, AuditDevice> {
    return this.#storage.state.audits;
  }

  /** Throws the error of the file system when the file cannot be opened. */
  enable(path: string, filePath: string, description: string): void {
    if (filePath !== 'discard') {
      makeFolder(dirname(filePath));
      appendFileSync(filePath, '', { mode: 0o600 });
    }
    const salt = randomBytes(32).toString('base64');
    this.#storage.state.audits.set(path, { type: 'file', description, filePath, salt });
    this.#storage.changed();
  }

  disable(path: string): void {
    if (this.#storage.state.audits.delete(path)) this.#storage.changed();
  }

  /** The hash that the device writes for this text. */
  hash(path: string, text: string): string | undefined {
    const device = this.#storage.state.audits.get(path);
    return device && hash(device, text);
  }

  request(record: AuditRecord): void {
    this.#write(record, 'request', () => ({}));
  }

  response(record: AuditRecord, response: VaultResponse | undefined): void {
    this.#write(record, 'response', (device) => ({
      response: {
        mount_point: record.mountPath,
        mount_type: record.mountType,
        ...(response?.auth === undefined ? {} : { auth: authPart(device, response.auth) }),
        ...(response?.data === undefined ? {} : { data: hide(device, response.data) }),
        ...(record.error === undefined ? {} : { data: { error: hash(device, record.error) } }),
      },
    }));
  }

  #write(record: AuditRecord, type: string, more: (device: AuditDevice) => object): void {
    for (const device of this.#storage.state.audits.values()) {
      if (device.filePath === 'discard') continue;
      const line = {
        time: new Date(this.#now()).toISOString(),
        type,
        ...(record.token === undefined ? {} : { auth: tokenPart(device, record.token) }),
        request: requestPart(device, record),
        ...more(device),
        ...(record.error === undefined ? {} : { error: record.error }),
      };
      appendFileSync(device.filePath, `${JSON.stringify(line)}\n`, { mode: 0o600 });
    }
  }
}
