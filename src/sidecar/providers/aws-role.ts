/** Auth kind aws_role: a role of the tenant's AWS account that trusts ours, with an external id for each tenant. */
import { AwsV4Signer } from 'aws4fetch';
import { TenantryError } from '../../errors.ts';
import { callProvider, type ProviderAnswer } from './call.ts';
import { parseJson } from './json.ts';
import {
  type AuthKind,
  authOf,
  type FormField,
  type ProviderContext,
  type StoredSecrets,
  type TokenSet,
} from './kind.ts';
import { noTokenSet, type Purpose, refusal, wordsOf } from './refusals.ts';
import { readRoleSession, stsErrorAsJson } from './sts-answer.ts';
import { typedText } from './typed.ts';

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html */
const ROLE_ARN = /^arn:aws(?:-[a-z]+)*:iam::\d{12}:role\/[\w+=,.@/-]{1,576}$/;

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
const EXTERNAL_ID = /^[\w+=,.@:/-]{2,1224}$/;

export const awsRole: AuthKind = {
  style: 'form',
  form,
  fromForm,
  canRenew: (_context, { facts }) => ROLE_ARN.test(facts['role_arn'] ?? ''),
  rotates: () => false,
  renew,
  // A session cannot be ended by its holder; it ends by the clock.
  revoke: async () => false,
  usable,
};

function form(context: Pick<ProviderContext, 'entry' | 'values'>): readonly FormField[] {
  const help = `The role's trust policy must name our AWS account and require sts:ExternalId ${externalId(context)}.`;
  return [{ name: 'role_arn', label: 'ARN of the role', secret: false, help }];
}

async function fromForm(
  context: ProviderContext,
  typed: Readonly<Record<string, string>>,
): Promise<TokenSet> {
  const given = typed['role_arn'] ?? context.values['role_arn'];
  const arn = typedText({ role_arn: given ?? '' }, 'role_arn', 'The ARN of the role');
  if (!ROLE_ARN.test(arn)) {
    throw new TenantryError('InvalidRequest', 'The ARN of the role (role_arn) has not the form of one', {
      hint: 'copy it from IAM: arn:aws:iam::123456789012:role/name',
    });
  }
  return await assumeRole(context, arn, 'connect');
}

async function renew(context: ProviderContext, { facts }: StoredSecrets): Promise<TokenSet> {
  const arn = facts['role_arn'] ?? '';
  if (!ROLE_ARN.test(arn)) {
    throw new TenantryError('NeedsReauthorization', `there is no role of ${context.entry.name} to assume`);
  }
  const tokens = await assumeRole(context, arn, 'renew');
  return { ...tokens, facts: { ...facts, ...tokens.facts } };
}

async function assumeRole(context: ProviderContext, arn: string, purpose: Purpose): Promise<TokenSet> {
  const { sessionSeconds } = authOf(context, 'aws_role');
  const external = externalId(context);
  const parameters = new URLSearchParams({
    Action: 'AssumeRole',
    Version: '2011-06-15',
    RoleArn: arn,
    RoleSessionName: 'tenantry',
    ExternalId: external,
    DurationSeconds: String(sessionSeconds),
  });
  const answer = await callSts(context, parameters.toString());
  const isSuccess = answer.status >= 200 && answer.status <= 299;
  if (!isSuccess) throw notAssumed(context, { ...answer, text: stsErrorAsJson(answer.text) }, purpose);
  const session = readRoleSession(answer.text);
  if (session === undefined) throw noTokenSet(context, answer);
  return {
    secrets: {
      access_key_id: session.accessKeyId,
      secret_access_key: session.secretAccessKey,
      session_token: session.sessionToken,
    },
    tokenType: 'AWS4-HMAC-SHA256',
    expiresAt: session.expiresAt,
    scopes: undefined,
    facts: {
      role_arn: arn,
      external_id: external,
      account_id: arn.split(':')[4] ?? '',
      ...(session.arn !== undefined && { assumed_role_arn: session.arn }),
    },
  };
}

/** Signature Version 4: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html */
async function callSts(context: ProviderContext, body: string): Promise<ProviderAnswer> {
  const { app, now } = context;
  const { stsUrl } = authOf(context, 'aws_role');
  const signed = await new AwsV4Signer({
    method: 'POST',
    url: context.url(stsUrl).href,
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body,
    accessKeyId: app.clientId,
    secretAccessKey: app.clientSecret,
    ...(app.sessionToken !== undefined && { sessionToken: app.sessionToken }),
    service: 'sts',
    region: regionOf(stsUrl),
    datetime: new Date(now()).toISOString().replace(/[:-]|\.\d{3}/g, ''),
  }).sign();
  return await callProvider(context, signed.url, {
    method: 'POST',
    headers: Object.fromEntries(signed.headers),
    body,
  });
}

/** The global endpoint signs for us-east-1: https://docs.aws.amazon.com/general/latest/gr/sts.html */
function regionOf(stsUrl: string): string {
  return /^https?:\/\/sts(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com/.exec(stsUrl)?.[1] ?? 'us-east-1';
}

/**
 * AWS does not say whether the role is gone, does not trust us, or our own account may not assume it. At a renewal this
 * stays a refusal that is tried again: it heals when the trust policy is put right, with nothing to type in.
 */
function notAssumed(context: ProviderContext, answer: ProviderAnswer, purpose: Purpose): TenantryError {
  const isDenied = wordsOf(parseJson(answer.text)).includes('AccessDenied');
  if (!isDenied) return refusal(context, answer, purpose);
  const code = purpose === 'connect' ? 'ConnectDenied' : 'ProviderRejected';
  const message = `${context.entry.name} does not let us assume the role (AccessDenied, status ${answer.status})`;
  return new TenantryError(code, message, {
    hint: `the role must exist and trust our account with the external id ${externalId(context)}`,
  });
}

/**
 * Given by us and never typed in: whoever could choose it could have us assume the role of another tenant.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
 */
function externalId({ values }: Pick<ProviderContext, 'values'>): string {
  const id = values['external_id'] ?? '';
  if (EXTERNAL_ID.test(id)) return id;
  throw new TenantryError('MissingSetting', 'the tenant has no external id of the form that AWS takes');
}

/** The key's id is no cipher text in Vault, so that it may come back among the facts. */
function usable({ secrets, facts }: StoredSecrets): { value: string; fields: Record<string, string> } {
  return {
    value: '',
    fields: {
      access_key_id: secrets['access_key_id'] ?? facts['access_key_id'] ?? '',
      secret_access_key: secrets['secret_access_key'] ?? '',
      session_token: secrets['session_token'] ?? '',
    },
  };
}
