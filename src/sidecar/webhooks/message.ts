/** Makes the signed message of an event, as it goes to an endpoint. */
import type { CallOptions } from '../../clients/http.ts';
import { asTenantryError } from '../../errors.ts';
import type { SidecarContext } from '../context.ts';
import { decryptAll } from './ciphertext.ts';
import type { Delivery } from './delivery.ts';
import { signedHeaders } from './standard-webhooks.ts';

export interface SignedMessage {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The signed message, or the code of an error that another try cannot mend. */
export async function messageOf(
  { vault, redactor, now }: Pick<SidecarContext, 'vault' | 'redactor' | 'now'>,
  delivery: Delivery,
  options: CallOptions,
): Promise<SignedMessage | 'VaultEncryptionError'> {
  const kept = [delivery.secret, delivery.body, ...(delivery.headers === null ? [] : [delivery.headers])];
  let opened: Buffer[];
  try {
    opened = await decryptAll(vault, delivery.tenant, kept, options);
  } catch (error) {
    const { code } = asTenantryError(error);
    // The key is gone, or its versions that this was encrypted with.
    if (code === 'VaultEncryptionError' || code === 'VaultError') return 'VaultEncryptionError';
    throw error;
  }
  const [key, body = Buffer.alloc(0), headers] = opened;
  const secret = key?.toString('utf8') ?? '';
  redactor.add(secret);
  const text = envelope(delivery, body, headers);
  const signed = signedHeaders(secret, { id: `evt_${delivery.event}`, at: now(), body: text });
  return {
    headers: { ...signed, 'content-type': 'application/json', 'user-agent': 'Tenantry-Webhooks' },
    body: text,
  };
}

function envelope(delivery: Delivery, body: Buffer, headers: Buffer | undefined): string {
  const facts = {
    id: `evt_${delivery.event}`,
    source: delivery.source,
    type: delivery.event_type,
    tenant: delivery.tenant,
    integration: delivery.integration,
    received_at: delivery.received_at.toISOString(),
  };
  const text = body.toString('utf8');
  if (delivery.source === 'tenantry') return JSON.stringify({ ...facts, data: JSON.parse(text) as unknown });
  // As text, and not as JSON of our own making: large numbers and the order of keys stay as the provider wrote them.
  const isText = Buffer.from(text, 'utf8').equals(body);
  return JSON.stringify({
    ...facts,
    headers: headers === undefined ? {} : (JSON.parse(headers.toString('utf8')) as unknown),
    content_type: delivery.content_type,
    body: isText ? text : body.toString('base64'),
    body_encoding: isText ? 'utf8' : 'base64',
  });
}
