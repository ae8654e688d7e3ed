/** `sys/policies/acl`, the older `sys/policy`, and `sys/capabilities`. */
import { stringField, stringListField } from './fields.ts';
import type { PolicyStore } from './policies.ts';
import { badRequest, type TokenEntry, VaultRefusal, type VaultResponse } from './request.ts';
import type { Route, RouteCall } from './routes.ts';
import type { TokenStore } from './tokens.ts';

const looksLikeBase64 = /^(?:[A-Za-z0-9+/]{4})+(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The policy may come as base64, as in Vault; no policy in HCL or JSON looks like that. */
function policyText(call: RouteCall, warnings: string[]): string {
  const isOld = call.path.startsWith('policy/');
  const rules = isOld ? stringField(call.data, 'rules') : undefined;
  const given = stringField(call.data, 'policy') ?? rules ?? '';
  if (rules !== undefined) warnings.push("'rules' is deprecated, please use 'policy' instead");
  if (given === '') throw badRequest("'policy' parameter not supplied or empty");
  return looksLikeBase64.test(given) ? Buffer.from(given, 'base64').toString() : given;
}

function nameOf(call: RouteCall): string {
  return (call.params.name ?? '').toLowerCase();
}

function write(policies: PolicyStore, call: RouteCall): VaultResponse | undefined {
  const name = nameOf(call);
  const warnings = name === call.params.name ? [] : [`policy name was converted to ${name}`];
  const text = policyText(call, warnings);
  policies.set(name, text);
  return warnings.length === 0 ? undefined : { warnings };
}

function remove(policies: PolicyStore, call: RouteCall): undefined {
  policies.delete(nameOf(call));
}

function policyRoutes(policies: PolicyStore): readonly Route[] {
  const read = (call: RouteCall, field: string): VaultResponse | undefined => {
    const text = policies.get(nameOf(call));
    return text === undefined ? undefined : { data: { name: nameOf(call), [field]: text } };
  };
  const writes: Route['operations'] = {
    update: (call) => write(policies, call),
    delete: (call) => remove(policies, call),
  };
  const list = (): VaultResponse => ({ data: { keys: policies.names() } });
  const oldList = (): VaultResponse => ({ data: { keys: policies.names(), policies: policies.names() } });
  return [
    { pattern: /^policies\/acl\/$/, operations: { list } },
    { pattern: /^policies\/acl$/, operations: { read: list } },
    {
      pattern: /^policies\/acl\/(?<name>.*[^/])$/,
      operations: { ...writes, read: (call) => read(call, 'policy') },
    },
    { pattern: /^policy\/?$/, operations: { read: oldList, list: oldList } },
    { pattern: /^policy\/(?<name>.*[^/])$/, operations: { ...writes, read: (call) => read(call, 'rules') } },
  ];
}

function capabilities(policies: PolicyStore, call: RouteCall, token: TokenEntry | undefined): VaultResponse {
  const paths = stringListField(call.data, 'paths') ?? stringListField(call.data, 'path') ?? [];
  if (paths.length === 0) throw badRequest('paths must be supplied');
  if (token === undefined) throw new VaultRefusal(400, 'invalid token');
  const data = new Map<string, unknown>();
  for (const path of paths) {
    data.set(path, policies.capabilities(token.policies, path.replace(/^\/+/, '')));
  }
  if (paths.length === 1) data.set('capabilities', data.get(paths[0] ?? ''));
  return { data: Object.fromEntries(data) };
}

export function policyAndCapabilityRoutes(policies: PolicyStore, tokens: TokenStore): readonly Route[] {
  return [
    ...policyRoutes(policies),
    {
      pattern: /^capabilities-self$/,
      operations: { update: (call) => capabilities(policies, call, call.token) },
    },
    {
      pattern: /^capabilities$/,
      operations: {
        update: (call) => {
          const id = stringField(call.data, 'token') ?? '';
          if (id === '') throw badRequest('missing token');
          return capabilities(policies, call, tokens.lookup(id));
        },
      },
    },
    {
      pattern: /^capabilities-accessor$/,
      operations: {
        update: (call) => {
          const token = tokens.byAccessor(stringField(call.data, 'accessor') ?? '');
          if (token === undefined) throw badRequest('invalid accessor');
          return capabilities(policies, call, token);
        },
      },
    },
  ];
}
