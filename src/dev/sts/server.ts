/** The development STS: checks signatures and trust as AWS does, and answers AWS' XML. */
import { randomBytes, randomUUID } from 'node:crypto';
import fastify, { type FastifyReply } from 'fastify';
import { TenantryError } from '../../errors.ts';
import { type FaultSwitch, type Faults, faultSwitch } from '../idp/faults.ts';
import { assumeRole, type DevRole, type Session } from './assume-role.ts';
import { type AccessKey, type AwsRefusal, verifySignature } from './signature.ts';

export type { DevRole } from './assume-role.ts';

export interface DevStsOptions {
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string;
  /** 0 takes a free one. Default 0. */
  readonly port?: number;
  /** Roles from the start. Default: none. */
  readonly roles?: readonly DevRole[];
  /** Milliseconds since 1970. Default: the system's clock. */
  readonly now?: () => number;
}

export interface DevSts {
  readonly url: string;
  /** The platform's own key: what AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY would hold. */
  readonly accessKey: AccessKey;
  /** Adds a role, or changes the one with this ARN. */
  addRole(role: DevRole): void;
  removeRole(arn: string): void;
  /** Counts by action (AssumeRole, GetCallerIdentity). */
  readonly faults: Faults;
  close(): Promise<void>;
}

const NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/';
const VERSION = '2011-06-15';
const PLATFORM = 'arn:aws:iam::999999999999:user/tenantry';

/** Starts the listener. Throws InvalidUsage when the port is taken. */
export async function startDevSts(options: DevStsOptions = {}): Promise<DevSts> {
  const { host = '127.0.0.1', port = 0, now = Date.now } = options;
  const accessKey: AccessKey = {
    accessKeyId: `AKIA${randomBytes(8).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(30).toString('base64'),
    arn: PLATFORM,
  };
  const faults: FaultSwitch = faultSwitch();
  const roles = new Map((options.roles ?? []).map((role) => [role.arn, role]));
  const keys = new Map<string, AccessKey>([[accessKey.accessKeyId, accessKey]]);
  const server = fastify({ forceCloseConnections: true });
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));

  const act = (fields: URLSearchParams, caller: AccessKey): string | AwsRefusal => {
    if (fields.get('Version') !== VERSION)
      return { status: 400, code: 'InvalidAction', message: `Version must be ${VERSION}` };
    const action = fields.get('Action') ?? '';
    if (action === 'GetCallerIdentity') return identityXml(caller);
    if (action !== 'AssumeRole')
      return { status: 400, code: 'InvalidAction', message: `Could not find operation ${action}` };
    const session = assumeRole(fields, caller, { roles, now: now() });
    if ('code' in session) return session;
    keys.set(session.accessKeyId, session);
    return assumeRoleXml(session);
  };

  server.route({
    method: ['GET', 'POST'],
    url: '/',
    async handler(request, reply) {
      const { method, raw, headers } = request;
      const body = typeof request.body === 'string' ? request.body : '';
      const fields = method === 'GET' ? new URL(raw.url ?? '/', 'http://sts').searchParams : form(body);
      reply.hijack();
      await faults.run(fields.get('Action') ?? '', reply.raw, async () => {
        const signed = { method, url: raw.url ?? '/', headers, body };
        const find = (id: string): AccessKey | undefined => keys.get(id);
        const caller = verifySignature(signed, { find, service: 'sts', now });
        const answer = 'code' in caller ? caller : act(fields, caller);
        if (typeof answer === 'string') sendXml(reply, 200, answer);
        else sendXml(reply, answer.status, errorXml(answer));
      });
    },
  });

  let url: string;
  try {
    url = await server.listen({ host, port });
  } catch (cause) {
    throw new TenantryError('InvalidUsage', `cannot listen on ${host}:${port}`, {
      cause,
      hint: 'another program listens on this port; choose another one',
    });
  }
  return {
    url,
    accessKey,
    faults,
    addRole: (role) => {
      roles.set(role.arn, role);
    },
    removeRole: (arn) => {
      roles.delete(arn);
    },
    close: () => server.close(),
  };
}

function form(body: string): URLSearchParams {
  return new URLSearchParams(body);
}

function sendXml(reply: FastifyReply, status: number, xml: string): void {
  reply.raw.writeHead(status, { 'content-type': 'text/xml', 'x-amzn-requestid': randomUUID() });
  reply.raw.end(xml);
}

function assumeRoleXml(session: Session): string {
  const { accessKeyId, secretAccessKey, sessionToken, expiresAt, arn, roleId } = session;
  return result(
    'AssumeRole',
    `<AssumedRoleUser><AssumedRoleId>${escapeXml(roleId)}</AssumedRoleId><Arn>${escapeXml(arn)}</Arn></AssumedRoleUser>` +
      `<Credentials><AccessKeyId>${accessKeyId}</AccessKeyId><SecretAccessKey>${secretAccessKey}</SecretAccessKey>` +
      `<SessionToken>${sessionToken}</SessionToken><Expiration>${new Date(expiresAt).toISOString().replace('.000Z', 'Z')}</Expiration></Credentials>`,
  );
}

function identityXml({ arn, accessKeyId }: AccessKey): string {
  const account = arn.split(':')[4] ?? '';
  return result(
    'GetCallerIdentity',
    `<Arn>${escapeXml(arn)}</Arn><UserId>${accessKeyId}</UserId><Account>${account}</Account>`,
  );
}

function result(action: string, content: string): string {
  return `<${action}Response xmlns="${NAMESPACE}"><${action}Result>${content}</${action}Result><ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata></${action}Response>`;
}

function errorXml({ code, message }: AwsRefusal): string {
  return `<ErrorResponse xmlns="${NAMESPACE}"><Error><Type>Sender</Type><Code>${code}</Code><Message>${escapeXml(message)}</Message></Error><RequestId>${randomUUID()}</RequestId></ErrorResponse>`;
}

function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
