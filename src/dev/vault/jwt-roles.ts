/** Roles of the JWT login method: taken from a request, checked, and shown. */
import { mapField, stringField, stringListField, stringMapField } from './fields.ts';
import { changedLoginRole, describeLoginRole, newLoginRole, refuseFields } from './login-role.ts';
import { badRequest, type VaultResponse } from './request.ts';
import type { RouteCall } from './routes.ts';
import type { JwtRole } from './state.ts';

/** Fields that Vault knows and this emulator does not have. */
const lacking = [
  'allowed_redirect_uris',
  'clock_skew_leeway',
  'expiration_leeway',
  'groups_claim',
  'max_age',
  'not_before_leeway',
  'oidc_scopes',
  'user_claim_json_pointer',
  'verbose_oidc_logging',
];

const newRole: JwtRole = {
  ...newLoginRole,
  userClaim: '',
  boundAudiences: [],
  boundSubject: '',
  boundClaims: null,
  claimMappings: null,
};

/** The role with the fields of the request over those it has. Throws the 400 of a wrong one. */
export function changedRole(call: RouteCall, before: JwtRole | undefined): JwtRole {
  const { data } = call;
  const roleType = stringField(data, 'role_type') ?? (before === undefined ? 'oidc' : 'jwt');
  if (roleType !== 'jwt' && roleType !== 'oidc') throw badRequest(`invalid 'role_type': ${roleType}`);
  refuseFields(data, lacking);
  if ((stringField(data, 'bound_claims_type') ?? 'string') !== 'string') {
    throw badRequest('the development Vault supports bound_claims_type string only');
  }
  const from = before ?? newRole;
  const role: JwtRole = {
    ...changedLoginRole(data, from),
    userClaim: stringField(data, 'user_claim') ?? from.userClaim,
    boundAudiences: stringListField(data, 'bound_audiences') ?? from.boundAudiences,
    boundSubject: stringField(data, 'bound_subject') ?? from.boundSubject,
    boundClaims: mapField(data, 'bound_claims') ?? from.boundClaims,
    claimMappings: stringMapField(data, 'claim_mappings') ?? from.claimMappings,
  };
  checkRole(role, roleType);
  return role;
}

function checkRole(role: JwtRole, roleType: string): void {
  if (role.userClaim === '') throw badRequest('a user claim must be defined on the role');
  if (roleType === 'oidc') {
    throw badRequest("'allowed_redirect_uris' must be set if 'role_type' is 'oidc' or unspecified.");
  }
  const bounds = role.boundAudiences.length + Object.keys(role.boundClaims ?? {}).length;
  if (bounds === 0 && role.boundSubject === '') {
    throw badRequest('must have at least one bound constraint when creating/updating a role');
  }
}

export function describeRole(role: JwtRole): VaultResponse {
  return {
    data: {
      allowed_redirect_uris: null,
      bound_audiences: role.boundAudiences.length === 0 ? null : role.boundAudiences,
      bound_claims: role.boundClaims,
      bound_claims_type: 'string',
      bound_subject: role.boundSubject,
      claim_mappings: role.claimMappings,
      clock_skew_leeway: 0,
      expiration_leeway: 0,
      groups_claim: '',
      max_age: 0,
      not_before_leeway: 0,
      oidc_scopes: null,
      role_type: 'jwt',
      ...describeLoginRole(role),
      user_claim: role.userClaim,
      user_claim_json_pointer: false,
      verbose_oidc_logging: false,
    },
  };
}
