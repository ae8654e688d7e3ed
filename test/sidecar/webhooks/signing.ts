/** Signs deliveries as each provider's documentation describes it, apart from the code under test. */
import { createHmac } from 'node:crypto';
import { SECRETS } from './world.ts';

export interface SignedDelivery {
  readonly headers: Record<string, string>;
  readonly body: string;
}

const JSON_TYPE = { 'content-type': 'application/json' };

function hmac(key: string | Buffer, text: string, encoding: 'hex' | 'base64' = 'hex'): string {
  return createHmac('sha256', key).update(text).digest(encoding);
}

export function github(
  payload: object,
  { event = 'issues', id = 'delivery-1', key = SECRETS.GITHUB_WEBHOOK_SECRET as string } = {},
): SignedDelivery {
  const body = JSON.stringify(payload);
  const headers = {
    ...JSON_TYPE,
    'x-github-event': event,
    'x-github-delivery': id,
    'x-hub-signature-256': `sha256=${hmac(key, body)}`,
  };
  return { headers, body };
}

export function slack(
  payload: object | string,
  now: number,
  { key = SECRETS.SLACK_WEBHOOK_SECRET as string, type = 'application/json' } = {},
): SignedDelivery {
  const body = typeof payload === 'string' ? payload : JSON.stringify(payload);
  const timestamp = String(Math.floor(now / 1000));
  const headers = {
    'content-type': type,
    'x-slack-request-timestamp': timestamp,
    'x-slack-signature': `v0=${hmac(key, `v0:${timestamp}:${body}`)}`,
  };
  return { headers, body };
}

export function hubspot(
  payload: unknown,
  now: number,
  uri = 'http://127.0.0.1:7250/webhooks/hubspot',
): SignedDelivery {
  const body = JSON.stringify(payload);
  const headers = {
    ...JSON_TYPE,
    'x-hubspot-request-timestamp': String(now),
    'x-hubspot-signature-v3': hmac(SECRETS.HUBSPOT_CLIENT_SECRET, `POST${uri}${body}${now}`, 'base64'),
  };
  return { headers, body };
}

export function sentry(
  payload: object,
  { resource = 'issue', id = 'request-1', key = SECRETS.SENTRY_CLIENT_SECRET as string } = {},
): SignedDelivery {
  const body = JSON.stringify(payload);
  const headers = {
    ...JSON_TYPE,
    'sentry-hook-resource': resource,
    'request-id': id,
    'sentry-hook-signature': hmac(key, body),
  };
  return { headers, body };
}

export function linear(payload: object, { event = 'Issue', id = 'delivery-1' } = {}): SignedDelivery {
  const body = JSON.stringify(payload);
  const headers = {
    ...JSON_TYPE,
    'linear-event': event,
    'linear-delivery': id,
    'linear-signature': hmac(SECRETS.LINEAR_WEBHOOK_SECRET, body),
  };
  return { headers, body };
}

/** @param secret base64, as Airtable's macSecretBase64 */
export function airtable(payload: object, secret: string): SignedDelivery {
  const body = JSON.stringify(payload);
  const mac = hmac(Buffer.from(secret, 'base64'), body);
  return { headers: { ...JSON_TYPE, 'x-airtable-content-mac': `hmac-sha256=${mac}` }, body };
}

export function notion(payload: object, key: string): SignedDelivery {
  const body = JSON.stringify(payload);
  return { headers: { ...JSON_TYPE, 'x-notion-signature': `sha256=${hmac(key, body)}` }, body };
}
