/** Reads what AWS STS answers: JSON as it is asked for, else XML. */
import { isObject, parseJson, valueAt } from './json.ts';

export interface RoleSession {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
  /** ARN of the session. */
  readonly arn: string | undefined;
}

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
export function readRoleSession(text: string): RoleSession | undefined {
  const json = parseJson(text);
  const field = isObject(json) ? jsonField(json) : xmlField(text);
  const accessKeyId = field('Credentials', 'AccessKeyId');
  const secretAccessKey = field('Credentials', 'SecretAccessKey');
  const sessionToken = field('Credentials', 'SessionToken');
  const expiresAt = timeOf(field('Credentials', 'Expiration'));
  if (!isVisible(accessKeyId) || !isVisible(secretAccessKey) || !isVisible(sessionToken)) return undefined;
  if (expiresAt === undefined) return undefined;
  return { accessKeyId, secretAccessKey, sessionToken, expiresAt, arn: field('AssumedRoleUser', 'Arn') };
}

/** An error as JSON, whatever the form of the answer, so that its code is found where others have theirs. */
export function stsErrorAsJson(text: string): string {
  if (parseJson(text) !== undefined) return text;
  const code = xmlField(text)('Error', 'Code');
  return JSON.stringify(code === undefined ? {} : { error: code });
}

type Field = (parent: string, name: string) => string | undefined;

function jsonField(json: unknown): Field {
  return (parent, name) => {
    const value = valueAt(json, `AssumeRoleResponse.AssumeRoleResult.${parent}.${name}`);
    return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
  };
}

/** None of the fields holds anything that XML would escape, so a parser has nothing to add. */
function xmlField(text: string): Field {
  return (parent, name) => {
    const inner = new RegExp(`<${parent}>([^]*?)</${parent}>`).exec(text)?.[1] ?? '';
    return new RegExp(`<${name}>\\s*([^<&]*?)\\s*</${name}>`).exec(inner)?.[1];
  };
}

/** Seconds since 1970 in JSON, a date of ISO 8601 in XML. */
function timeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const time = /^[\d.]+(?:e\+?\d+)?$/i.test(text) ? Number(text) * 1000 : Date.parse(text);
  return Number.isFinite(time) && time > 0 && time < 8.64e15 ? Math.round(time) : undefined;
}

function isVisible(text: string | undefined): text is string {
  return text !== undefined && /^[\x21-\x7e]+$/.test(text);
}
