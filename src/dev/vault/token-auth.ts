/** The `auth/token` endpoints. */
import {
  boolField,
  durationField,
  has,
  intField,
  stringField,
  stringListField,
  stringMapField,
} from './fields.ts';
import { listResponse } from './listing.ts';
import type { PolicyStore } from './policies.ts';
import {
  badRequest,
  multiError,
  type RequestData,
  type TokenEntry,
  VaultRefusal,
  type VaultResponse,
} from './request.ts';
import { type Engine, engineOf, type RouteCall } from './routes.ts';
import { authBlock, sanitizePolicies, type TokenStore } from './tokens.ts';

interface Stores {
  readonly tokens: TokenStore;
  readonly policies: PolicyStore;
}

const customIdWarning =
  'Supplying a custom ID for the token uses the weaker SHA1 hashing instead of the more secure SHA2-256 HMAC for token obfuscation. SHA1 hashed tokens on the wire leads to less secure lookups.';

function caller(call: RouteCall): TokenEntry {
  if (call.token === undefined) throw new VaultRefusal(403, 'permission denied');
  return call.token;
}

/** A duration that Vault takes as a string here, with its own words for a mistake. */
function positiveDuration(data: RequestData, name: string): number {
  const raw = data[name];
  if (raw === undefined || raw === null || raw === '') return 0;
  let seconds: number | undefined;
  try {
    seconds = durationField(data, name);
  } catch {
    throw badRequest(`time: invalid duration ${JSON.stringify(raw)}`);
  }
  if (seconds !== undefined && seconds < 0) throw badRequest(`${name} must be positive`);
  return seconds ?? 0;
}

function isSudo(stores: Stores, call: RouteCall): boolean {
  const granted = stores.policies.capabilities(caller(call).policies, call.mountPath + call.path);
  return granted.includes('root') || granted.includes('sudo');
}

function chosenPolicies(data: RequestData, parent: TokenEntry, sudo: boolean): string[] {
  const asked = stringListField(data, 'policies') ?? [];
  const noDefault = boolField(data, 'no_default_policy') ?? false;
  let policies: string[];
  if (asked.length === 0) policies = [...parent.policies];
  else if (sudo) policies = sanitizePolicies(asked, !noDefault);
  else {
    const wanted = sanitizePolicies(asked, false);
    if (!wanted.every((name) => parent.policies.includes(name))) {
      throw badRequest('child policies must be subset of parent');
    }
    policies = sanitizePolicies(wanted, !noDefault && parent.policies.includes('default'));
  }
  if (noDefault) policies = policies.filter((name) => name !== 'default');
  if (policies.includes('root') && !parent.policies.includes('root')) {
    throw badRequest('root tokens may not be created without parent token being root');
  }
  return policies;
}

function checkType(data: RequestData): void {
  const type = stringField(data, 'type') ?? '';
  if (type === 'batch') throw badRequest('the development Vault does not support batch tokens');
  if (type !== '' && type !== 'service') throw badRequest("invalid 'token_type' value");
  if (has(data, 'entity_alias') && data.entity_alias !== '') {
    throw badRequest("'entity_alias' is only allowed in combination with token role");
  }
}

function displayName(data: RequestData): string {
  const name = stringField(data, 'display_name') ?? '';
  if (name === '') return 'token';
  return `token-${name}`.replaceAll(/[^a-zA-Z0-9-]/g, '-').replace(/-$/, '');
}

function checkPrivileges(data: RequestData, sudo: boolean): void {
  if (sudo) return;
  if (has(data, 'id') && data.id !== '')
    throw badRequest('root or sudo privileges required to specify token id');
  if (boolField(data, 'no_parent'))
    throw badRequest('root or sudo privileges required to create orphan token');
  if (positiveDuration(data, 'period') > 0) {
    throw badRequest('root or sudo privileges required to create periodic token');
  }
}

function checkParent(parent: TokenEntry): void {
  // The last use of a limited token is already gone when this runs, so Vault no longer finds the parent.
  if (parent.numUses < 0) throw badRequest('parent token lookup failed: no parent found');
  if (parent.numUses > 0) throw badRequest('restricted use token cannot generate child tokens');
}

function usesOf(data: RequestData): number {
  const numUses = intField(data, 'num_uses') ?? 0;
  if (numUses < 0) throw badRequest('number of uses cannot be negative');
  return numUses;
}

function lifetimes(data: RequestData, policies: readonly string[], parent: TokenEntry) {
  const ttl = positiveDuration(data, has(data, 'ttl') ? 'ttl' : 'lease');
  const period = positiveDuration(data, 'period');
  const explicitMaxTtl = positiveDuration(data, 'explicit_max_ttl');
  const endless = policies.includes('root') && ttl + period + explicitMaxTtl === 0;
  if (endless && parent.expireTime !== null) {
    throw badRequest('expiring root tokens cannot create non-expiring root tokens');
  }
  return { ttl, period, explicitMaxTtl, maxTtl: 0 };
}

function create(stores: Stores, call: RouteCall, orphan: boolean): VaultResponse {
  const parent = caller(call);
  const { data } = call;
  checkParent(parent);
  checkType(data);
  const numUses = usesOf(data);
  const sudo = isSudo(stores, call);
  const policies = chosenPolicies(data, parent, sudo);
  checkPrivileges(data, sudo);
  const id = stringField(data, 'id') ?? '';
  const isOrphan = orphan || (boolField(data, 'no_parent') ?? false);
  const { token, warnings } = stores.tokens.create({
    ...(id === '' ? {} : { id }),
    ...lifetimes(data, policies, parent),
    parent: isOrphan ? '' : parent.id,
    policies,
    path: call.mountPath + call.path,
    meta: stringMapField(data, 'meta') ?? null,
    displayName: displayName(data),
    entityId: isOrphan ? '' : parent.entityId,
    numUses,
    renewable: boolField(data, 'renewable') ?? true,
  });
  const missing = policies.filter((name) => !stores.policies.has(name));
  return {
    auth: authBlock(token, token.creationTtl),
    warnings: [
      ...warnings,
      ...(id === '' ? [] : [customIdWarning]),
      ...missing.map((name) => `Policy ${JSON.stringify(name)} does not exist`),
    ],
  };
}

function describe(stores: Stores, token: TokenEntry, id: string): VaultResponse {
  return {
    data: {
      accessor: token.accessor,
      creation_time: Math.floor(token.issueTime / 1000),
      creation_ttl: token.creationTtl,
      display_name: token.displayName,
      entity_id: token.entityId,
      expire_time: token.expireTime === null ? null : new Date(token.expireTime).toISOString(),
      explicit_max_ttl: token.explicitMaxTtl,
      id,
      issue_time: new Date(token.issueTime).toISOString(),
      ...(token.lastRenewal === null
        ? {}
        : {
            last_renewal: new Date(token.lastRenewal).toISOString(),
            last_renewal_time: Math.floor(token.lastRenewal / 1000),
          }),
      meta: token.meta,
      num_uses: token.numUses,
      orphan: token.parent === '',
      path: token.path,
      ...(token.period === 0 ? {} : { period: token.period }),
      policies: token.policies,
      renewable: token.renewable,
      ttl: stores.tokens.secondsLeft(token),
      type: 'service',
    },
  };
}

function lookup(stores: Stores, call: RouteCall, id: string): VaultResponse {
  // A token sees itself with its last use too.
  const token = call.token?.id === id ? call.token : stores.tokens.lookup(id);
  if (token === undefined) throw new VaultRefusal(403, 'bad token');
  return describe(stores, token, token.id);
}

function renew(stores: Stores, call: RouteCall, id: string): VaultResponse {
  if (id === '') throw badRequest('missing token ID');
  const increment = durationField(call.data, 'increment') ?? 0;
  const token = stores.tokens.lookup(id);
  if (token === undefined) throw badRequest('token not found');
  const warnings = stores.tokens.renew(token, Math.max(0, increment));
  return { auth: authBlock(token, stores.tokens.secondsLeft(token)), warnings };
}

function tokenField(call: RouteCall): string {
  return stringField(call.data, 'token') ?? '';
}

function byAccessor(stores: Stores, call: RouteCall): TokenEntry | undefined {
  const accessor = stringField(call.data, 'accessor') ?? '';
  if (accessor === '') throw badRequest(multiError('missing accessor'));
  return stores.tokens.byAccessor(accessor);
}

function needAccessor(stores: Stores, call: RouteCall): TokenEntry {
  const token = byAccessor(stores, call);
  if (token === undefined) throw badRequest(multiError('invalid accessor'));
  return token;
}

function revoke(stores: Stores, id: string): undefined {
  if (id === '') throw badRequest('missing token ID');
  stores.tokens.revoke(id);
}

function revokeAccessor(stores: Stores, call: RouteCall): VaultResponse | undefined {
  const token = byAccessor(stores, call);
  if (token === undefined) return { warnings: ['No token found with this accessor'] };
  stores.tokens.revoke(token.id);
  return undefined;
}

function revokeOrphan(stores: Stores, id: string): undefined {
  if (id === '') throw badRequest('missing token ID');
  if (stores.tokens.lookup(id) === undefined) throw badRequest('token to revoke not found');
  stores.tokens.revokeOrphan(id);
}

export function tokenEngine(tokens: TokenStore, policies: PolicyStore): Engine {
  const stores = { tokens, policies };
  const self = (call: RouteCall): string => caller(call).id;
  const lookupAny = (call: RouteCall): VaultResponse => lookup(stores, call, tokenField(call) || self(call));
  return engineOf('token', [
    { pattern: /^create$/, operations: { update: (call) => create(stores, call, false) } },
    { pattern: /^create-orphan$/, operations: { update: (call) => create(stores, call, true) } },
    {
      pattern: /^lookup-self$/,
      operations: {
        read: (call) => lookup(stores, call, self(call)),
        update: (call) => lookup(stores, call, self(call)),
      },
    },
    { pattern: /^lookup$/, operations: { read: lookupAny, update: lookupAny } },
    {
      pattern: /^lookup-accessor$/,
      operations: { update: (call) => describe(stores, needAccessor(stores, call), '') },
    },
    { pattern: /^renew-self$/, operations: { update: (call) => renew(stores, call, self(call)) } },
    { pattern: /^renew$/, operations: { update: (call) => renew(stores, call, tokenField(call)) } },
    {
      pattern: /^renew-accessor$/,
      operations: { update: (call) => renew(stores, call, needAccessor(stores, call).id) },
    },
    { pattern: /^revoke-self$/, operations: { update: (call) => revoke(stores, self(call)) } },
    { pattern: /^revoke$/, operations: { update: (call) => revoke(stores, tokenField(call)) } },
    { pattern: /^revoke-accessor$/, operations: { update: (call) => revokeAccessor(stores, call) } },
    { pattern: /^revoke-orphan$/, operations: { update: (call) => revokeOrphan(stores, tokenField(call)) } },
    { pattern: /^accessors\/$/, operations: { list: () => listResponse(tokens.accessors()) } },
  ]);
}
