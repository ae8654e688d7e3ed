/** AssumeRole and GetCallerIdentity of the development STS: who may do what, and the sessions that come of it. */
import { randomBytes, randomInt } from 'node:crypto';
import type { AccessKey, AwsRefusal } from './signature.ts';

/** A role of a tenant and whom it trusts. */
export interface DevRole {
  /** `arn:aws:iam::{12 digits}:role/{name}` */
  readonly arn: string;
  /** sts:ExternalId of the trust policy. Default: none asked for. */
  readonly externalId?: string;
  /** ARN of whom the role trusts. Default: every key that the STS knows. */
  readonly trusts?: string;
  /** Longest session in seconds. Default 3600. */
  readonly maxSessionSeconds?: number;
}

export interface Session extends AccessKey {
  readonly sessionToken: string;
  readonly expiresAt: number;
  readonly roleId: string;
}

const MIN_SECONDS = 900;
const MAX_SECONDS = 43_200;

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
export function assumeRole(
  fields: URLSearchParams,
  caller: AccessKey,
  { roles, now }: { readonly roles: ReadonlyMap<string, DevRole>; readonly now: number },
): Session | AwsRefusal {
  const arn = fields.get('RoleArn') ?? '';
  const name = fields.get('RoleSessionName') ?? '';
  const seconds = Number(fields.get('DurationSeconds') ?? 3600);
  const wrong = validate(arn, name, seconds);
  if (wrong !== undefined) return { status: 400, code: 'ValidationError', message: wrong };
  const role = roles.get(arn);
  // AWS says the same of a role that is not there, of another's role and of a wrong external id.
  const mayAssume =
    role !== undefined &&
    (role.trusts === undefined || role.trusts === caller.arn) &&
    (role.externalId === undefined || role.externalId === fields.get('ExternalId'));
  if (!mayAssume) {
    const message = `User: ${caller.arn} is not authorized to perform: sts:AssumeRole on resource: ${arn}`;
    return { status: 403, code: 'AccessDenied', message };
  }
  if (seconds > (role.maxSessionSeconds ?? 3600)) {
    const message = 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.';
    return { status: 400, code: 'ValidationError', message };
  }
  const account = arn.split(':')[4] ?? '';
  const roleName = arn.split('/').at(-1) ?? '';
  return {
    accessKeyId: `ASIA${symbols(16)}`,
    secretAccessKey: randomBytes(30).toString('base64'),
    sessionToken: randomBytes(120).toString('base64'),
    // To the second, as the answer has it.
    expiresAt: Math.floor(now / 1000 + seconds) * 1000,
    arn: `arn:aws:sts::${account}:assumed-role/${roleName}/${name}`,
    roleId: `AROA${symbols(17)}:${name}`,
  };
}

function validate(arn: string, name: string, seconds: number): string | undefined {
  if (!/^arn:aws[a-z-]*:iam::\d{12}:role\/\S+$/.test(arn)) return `${arn} is invalid`;
  if (!/^[\w+=,.@-]{2,64}$/.test(name)) return "Value at 'roleSessionName' failed to satisfy constraint";
  if (!Number.isInteger(seconds) || seconds < MIN_SECONDS || seconds > MAX_SECONDS)
    return `Value at 'durationSeconds' must be between ${MIN_SECONDS} and ${MAX_SECONDS}`;
  return undefined;
}

function symbols(count: number): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  return Array.from({ length: count }, () => alphabet[randomInt(alphabet.length)]).join('');
}
