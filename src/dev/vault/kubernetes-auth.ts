/** The Kubernetes login method: its configuration, roles and login by TokenReview. */
import { boolField, isRecord, stringField, stringListField } from './fields.ts';
import { type Claims, checkClaims, JwtError, parseJwt } from './jwt-verify.ts';
import { listResponse } from './listing.ts';
import {
  changedLoginRole,
  describeLoginRole,
  entityOf,
  grant,
  type LoginContext,
  newLoginRole,
  refuseFields,
} from './login-role.ts';
import { callJson } from './outgoing.ts';
import { badRequest, type EngineRequest, VaultRefusal, type VaultResponse } from './request.ts';
import { type Engine, engineOf, type RouteCall } from './routes.ts';
import type { KubernetesConfig, KubernetesRole, KubernetesState } from './state.ts';

interface Account {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

const noAudience = (name: string): string =>
  `Role ${name} does not have an audience configured. While audiences are not required, consider specifying one if your use case would benefit from additional JWT claim verification.`;

function configOf(call: RouteCall): KubernetesConfig {
  const { data } = call;
  refuseFields(data, ['pem_keys', 'issuer', 'use_annotations_as_alias_metadata']);
  const host = stringField(data, 'kubernetes_host') ?? '';
  const caCert = stringField(data, 'kubernetes_ca_cert') ?? '';
  const disableLocal = boolField(data, 'disable_local_ca_jwt') ?? false;
  if (host === '') throw badRequest('no host provided');
  if (caCert === '' && !disableLocal) {
    // Vault looks for the files of its own pod here; this one never runs in a pod.
    throw badRequest('open /var/run/secrets/kubernetes.io/serviceaccount/ca.crt: no such file or directory');
  }
  return {
    host: host.replace(/\/$/, ''),
    caCert,
    reviewerToken: stringField(data, 'token_reviewer_jwt') ?? '',
    disableLocal,
    disableIssuer: boolField(data, 'disable_iss_validation') ?? true,
  };
}

function describeConfig(config: KubernetesConfig): VaultResponse {
  return {
    data: {
      disable_iss_validation: config.disableIssuer,
      disable_local_ca_jwt: config.disableLocal,
      issuer: '',
      kubernetes_ca_cert: config.caCert,
      kubernetes_host: config.host,
      pem_keys: [],
      token_reviewer_jwt_set: config.reviewerToken !== '',
      use_annotations_as_alias_metadata: false,
    },
  };
}

const newRole: KubernetesRole = {
  ...newLoginRole,
  names: [],
  namespaces: [],
  audience: '',
  aliasSource: 'serviceaccount_uid',
};

function changedRole(call: RouteCall, before: KubernetesRole = newRole): KubernetesRole {
  const { data } = call;
  refuseFields(data, ['bound_service_account_namespace_selector']);
  const role: KubernetesRole = {
    ...changedLoginRole(data, before),
    names: stringListField(data, 'bound_service_account_names') ?? before.names,
    namespaces: stringListField(data, 'bound_service_account_namespaces') ?? before.namespaces,
    audience: stringField(data, 'audience') ?? before.audience,
    aliasSource: stringField(data, 'alias_name_source') ?? before.aliasSource,
  };
  if (role.names.length === 0) throw badRequest('"bound_service_account_names" can not be empty');
  if (role.namespaces.length === 0) {
    throw badRequest(
      '"bound_service_account_namespaces" can not be empty if "bound_service_account_namespace_selector" is not set',
    );
  }
  for (const list of [role.names, role.namespaces]) {
    // A glob inside a name is Vault's; the product writes whole names.
    if (list.some((one) => one.includes('*') && one !== '*')) {
      throw badRequest('the development Vault supports no glob but "*" in bound service accounts');
    }
  }
  if (!['serviceaccount_uid', 'serviceaccount_name'].includes(role.aliasSource)) {
    throw badRequest('invalid alias_name_source, must be one of: serviceaccount_uid, serviceaccount_name');
  }
  return role;
}

function describeRole(role: KubernetesRole): VaultResponse {
  return {
    data: {
      alias_name_source: role.aliasSource,
      ...(role.audience === '' ? {} : { audience: role.audience }),
      bound_service_account_names: role.names,
      bound_service_account_namespace_selector: '',
      bound_service_account_namespaces: role.namespaces,
      ...describeLoginRole(role),
    },
  };
}

function part(value: unknown, ...names: readonly string[]): string {
  let inner = value;
  for (const name of names) inner = isRecord(inner) ? inner[name] : undefined;
  return typeof inner === 'string' ? inner : '';
}

function accountOf(claims: Claims): Account {
  const about = claims['kubernetes.io'];
  return {
    namespace: part(about, 'namespace'),
    name: part(about, 'serviceaccount', 'name'),
    uid: part(about, 'serviceaccount', 'uid'),
  };
}

function refuse(message: string): VaultRefusal {
  return new VaultRefusal(403, message);
}

function allowed(list: readonly string[], value: string): boolean {
  return list.includes(value) || list.includes('*');
}

/** What the token says of itself, checked against the role; the API server has the last word. */
function claimedAccount(token: string, role: KubernetesRole, now: number): Account {
  let claims: Claims;
  try {
    ({ claims } = parseJwt(token));
  } catch {
    throw refuse('permission denied');
  }
  const account = accountOf(claims);
  if (!allowed(role.names, account.name)) throw refuse('service account name not authorized');
  if (!allowed(role.namespaces, account.namespace)) throw refuse('namespace not authorized');
  try {
    const audiences = role.audience === '' ? [] : [role.audience];
    checkClaims(claims, { issuer: '', subject: '', audiences }, now);
  } catch (error) {
    throw refuse(error instanceof JwtError ? error.message : 'permission denied');
  }
  return account;
}

function isReviewed(review: unknown, account: Account): boolean {
  const status = isRecord(review) ? review['status'] : undefined;
  if (!isRecord(status) || status['authenticated'] !== true) return false;
  const name = `system:serviceaccount:${account.namespace}:${account.name}`;
  return part(status, 'user', 'username') === name && part(status, 'user', 'uid') === account.uid;
}

function login(state: KubernetesState, call: RouteCall, context: LoginContext): VaultResponse {
  const name = stringField(call.data, 'role') ?? '';
  const token = (stringField(call.data, 'jwt') ?? '').trim();
  if (name === '') throw badRequest('missing role');
  if (token === '') throw badRequest('missing jwt');
  const role = state.roles.get(name.toLowerCase());
  if (role === undefined) throw badRequest(`invalid role name ${JSON.stringify(name)}`);
  if (state.config === null) throw new VaultRefusal(500, 'could not load backend configuration');
  const account = claimedAccount(token, role, Math.floor(context.now() / 1000));
  if (!isReviewed(call.fetched, account)) throw refuse('permission denied');
  const alias =
    role.aliasSource === 'serviceaccount_uid' ? account.uid : `${account.namespace}/${account.name}`;
  const answer = grant(context.tokens, call, {
    role,
    metadata: {
      role: name,
      service_account_name: account.name,
      service_account_namespace: account.namespace,
      service_account_secret_name: '',
      service_account_uid: account.uid,
    },
    displayName: `${account.namespace}-${account.name}`,
    entityId: entityOf(state.entities, alias),
  });
  context.changed();
  return answer;
}

/** Asks the API server about the token of a login. */
function review(state: KubernetesState, request: EngineRequest): Promise<unknown> | undefined {
  const { config, roles } = state;
  const { jwt, role } = request.data;
  if (request.path !== 'login' || config === null) return undefined;
  if (typeof jwt !== 'string' || typeof role !== 'string') return undefined;
  const audience = roles.get(role.toLowerCase())?.audience ?? '';
  const token = jwt.trim();
  return callJson(`${config.host}/apis/authentication.k8s.io/v1/tokenreviews`, {
    method: 'POST',
    // Without a token of its own Vault reviews a token with that very token.
    headers: { Authorization: `Bearer ${config.reviewerToken || token}` },
    body: {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec: { token, ...(audience === '' ? {} : { audiences: [audience] }) },
    },
    ...(config.caCert === '' ? {} : { ca: config.caCert }),
  });
}

export function kubernetesEngine(state: KubernetesState, context: LoginContext): Engine {
  const nameOf = (call: RouteCall): string => (call.params.role ?? '').toLowerCase();
  const write = (call: RouteCall): VaultResponse | undefined => {
    const role = changedRole(call, state.roles.get(nameOf(call)));
    state.roles.set(nameOf(call), role);
    context.changed();
    return role.audience === '' ? { warnings: [noAudience(call.params.role ?? '')] } : undefined;
  };
  return {
    ...engineOf('kubernetes', [
      {
        pattern: /^config$/,
        operations: {
          read: () => (state.config === null ? undefined : describeConfig(state.config)),
          update: (call) => {
            state.config = configOf(call);
            context.changed();
            return undefined;
          },
        },
      },
      { pattern: /^role\/?$/, operations: { list: () => listResponse([...state.roles.keys()].sort()) } },
      {
        pattern: /^role\/(?<role>\w(?:[\w.-]*\w)?)$/,
        exists: (call) => state.roles.has(nameOf(call)),
        operations: {
          read: (call) => {
            const role = state.roles.get(nameOf(call));
            return role && describeRole(role);
          },
          create: write,
          update: write,
          delete: (call) => {
            if (state.roles.delete(nameOf(call))) context.changed();
            return undefined;
          },
        },
      },
      { pattern: /^login$/, operations: { update: (call) => login(state, call, context) } },
    ]),
    prepare: (request) => review(state, request),
  };
}
