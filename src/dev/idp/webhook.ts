/** Sends a fake vendor's signed webhook, and the same one again. */
import { createHmac, randomUUID } from 'node:crypto';

export interface Delivery {
  /** Status of the answer. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** As signed. */
  readonly body: string;
  /** The very same delivery once more, as a vendor's retry or an attacker's replay. Resolves with the status. */
  again(): Promise<number>;
}

export interface WebhookMessage {
  readonly body: unknown;
  /** `signature` is hex HMAC-SHA256 of the body, `id` a new UUID. */
  readonly headers: (signature: string, id: string) => Readonly<Record<string, string>>;
  readonly secret: string;
}

export async function deliverWebhook(url: string, message: WebhookMessage): Promise<Delivery> {
  const body = JSON.stringify(message.body);
  const signature = createHmac('sha256', message.secret).update(body).digest('hex');
  const headers = { 'content-type': 'application/json', ...message.headers(signature, randomUUID()) };
  const send = async (): Promise<number> => {
    const response = await fetch(url, { method: 'POST', headers, body });
    await response.body?.cancel();
    return response.status;
  };
  return { status: await send(), headers, body, again: send };
}
