/** Registrations of the kinds in Vault that the classes of @pulumi/vault can say without a secret. */
import * as vault from '@pulumi/vault';
import type { InputsOf } from '../../resources/index.ts';
import { formatMark } from '../../resources/mark.ts';
import type { AuthRoleInputs } from '../../resources/vault/auth-role.ts';
import { policyText } from '../../resources/vault/policy.ts';
import type { Registered, Registration, Site } from './registration.ts';

/** What all stacks share carries the mark of the stack that made it as its description; see shared.ts. */
function description({ owner }: Site): string {
  return formatMark({ owner });
}

export const mount: Registration<InputsOf<'vault:mount'>> = ({ path, type }, site) => {
  const options = site.resource.inputs as InputsOf<'vault:mount'>;
  const made = new vault.Mount(
    site.name,
    {
      path,
      type,
      description: description(site),
      ...(options.type === 'kv' ? { options: { version: '2' } } : {}),
    },
    site.options(),
  );
  return { resources: [made] };
};

export const audit: Registration<InputsOf<'vault:audit'>> = ({ path, type, options }, site) => {
  const args = { path, type, options, description: description(site) };
  return { resources: [new vault.Audit(site.name, args, site.options())] };
};

export const authMount: Registration<InputsOf<'vault:auth-mount'>> = ({ path, type }, site) => {
  const args = { path, type, description: description(site) };
  return { resources: [new vault.AuthBackend(site.name, args, site.options())] };
};

export const policy: Registration<InputsOf<'vault:policy'>> = ({ name }, site) => {
  // Rules and tenant of a policy are known to the plan, so that its text can be written here.
  const { rules, tenant } = site.resource.inputs as InputsOf<'vault:policy'>;
  const text = policyText({ owner: site.owner, tenant }, rules);
  return { resources: [new vault.Policy(site.name, { name, policy: text }, site.options())] };
};

export const transitKey: Registration<InputsOf<'vault:transit-key'>> = ({ name, rotationSeconds }, site) => {
  const made = new vault.transit.SecretBackendKey(
    site.name,
    {
      backend: site.settings.transitMount,
      name,
      type: 'aes256-gcm96',
      autoRotatePeriod: rotationSeconds,
      // Vault deletes no key without it, and who said Delete wants it gone with the document.
      deletionAllowed: site.resource.deletion === 'Delete',
    },
    site.options(),
  );
  return { resources: [made] };
};

type Role = AuthRoleInputs['role'];

/** By method: what the plan writes as the method's API takes it, in the words of the class. */
const ROLE_CLASSES = {
  approle: (name: string, { backend, roleName, role, common }: RoleArgs, options) =>
    new vault.approle.AuthBackendRole(
      name,
      { backend, roleName, ...common, bindSecretId: role['bind_secret_id'] as boolean },
      options,
    ),
  kubernetes: (name: string, { backend, roleName, role, common }: RoleArgs, options) =>
    new vault.kubernetes.AuthBackendRole(
      name,
      {
        backend,
        roleName,
        ...common,
        boundServiceAccountNames: list(role, 'bound_service_account_names'),
        boundServiceAccountNamespaces: list(role, 'bound_service_account_namespaces'),
      },
      options,
    ),
  jwt: (name: string, { backend, roleName, role, common }: RoleArgs, options) =>
    new vault.jwt.AuthBackendRole(
      name,
      {
        backend,
        roleName,
        ...common,
        roleType: role['role_type'] as string,
        userClaim: role['user_claim'] as string,
        boundClaims: role['bound_claims'] as Record<string, string>,
        ...(role['bound_audiences'] ? { boundAudiences: list(role, 'bound_audiences') } : {}),
      },
      options,
    ),
} satisfies Record<
  'approle' | 'kubernetes' | 'jwt',
  (name: string, args: RoleArgs, options: ReturnType<Site['options']>) => Registered['resources'][number]
>;

interface RoleArgs {
  readonly backend: string;
  readonly roleName: string;
  readonly role: Role;
  readonly common: { readonly tokenPolicies: string[]; readonly tokenTtl: number };
}

function list(role: Role, field: string): string[] {
  return [...(role[field] as readonly string[])];
}

export const authRole: Registration<InputsOf<'vault:auth-role'>> = (_lifted, site) => {
  // Nothing of a role waits for another resource.
  const { mount: backend, name: roleName, role } = site.resource.inputs as AuthRoleInputs;
  const common = { tokenPolicies: list(role, 'token_policies'), tokenTtl: role['token_ttl'] as number };
  const method = site.settings.tenantAuth?.method ?? 'approle';
  const made = ROLE_CLASSES[method](site.name, { backend, roleName, role, common }, site.options());
  return { resources: [made] };
};
