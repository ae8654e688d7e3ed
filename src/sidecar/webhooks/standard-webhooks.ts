/** Signs what goes to the tenants' endpoints: Standard Webhooks 1.0.0 (standardwebhooks.com). */
import { createHmac, randomBytes } from 'node:crypto';

const PREFIX = 'whsec_';

/** The specification wants 24 to 64 bytes. */
const SECRET_BYTES = 32;

/** A new secret of an endpoint, `whsec_` and base64. */
export function newEndpointSecret(): string {
  return `${PREFIX}${randomBytes(SECRET_BYTES).toString('base64')}`;
}

export interface Message {
  /** The same at every try, so that a receiver knows what it has had. */
  readonly id: string;
  /** Milliseconds since 1970, of this try. */
  readonly at: number;
  readonly body: string;
}

/** The headers of a message, with its signature. */
export function signedHeaders(secret: string, { id, at, body }: Message): Record<string, string> {
  const timestamp = String(Math.floor(at / 1000));
  const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  };
}
