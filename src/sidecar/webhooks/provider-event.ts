/** Turns a genuine delivery into the event that is kept and handed on. */
import { createHash, randomUUID } from 'node:crypto';
import type { CatalogWebhook } from '../../catalog/entry.ts';
import { deliveryIdOf, eventTypeOf, type Part, valueAt } from './content.ts';
import type { NewEvent } from './events.ts';
import type { Installation } from './installations.ts';
import { type Proof, type SignedRequest, singleHeader } from './signature.ts';

export type LifecycleEvent = CatalogWebhook['lifecycle'][number];

export function eventOf(
  webhook: CatalogWebhook,
  request: SignedRequest,
  delivery: { readonly installation: Installation; readonly part: Part; readonly proof: Proof },
): NewEvent {
  const { installation, part, proof } = delivery;
  const does = lifecycleOf(webhook, part.content, request)?.does;
  const kept = webhook.headers.map((name) => [name.toLowerCase(), singleHeader(request, name)]);
  return {
    tenant: installation.tenant,
    integration: installation.integration,
    source: 'provider',
    externalId: deliveryIdOf(webhook, part.content, request) ?? idOfContent(proof, part),
    signatureHash: proof.digest,
    type: eventTypeOf(webhook, part.content, request),
    contentType: singleHeader(request, 'content-type')?.slice(0, 200),
    headers: Object.fromEntries(kept.filter(([, value]) => value !== undefined)),
    body: part.body,
    action: does === undefined || does === 'code' ? undefined : { does, installation: installation.id },
  };
}

/** What became of the installation, if this event says it. */
export function lifecycleOf(
  webhook: CatalogWebhook,
  content: unknown,
  request: SignedRequest,
): LifecycleEvent | undefined {
  const type = eventTypeOf(webhook, content, request);
  return webhook.lifecycle.find(
    (event) => event.type === type && (event.field === undefined || isThere(valueAt(content, event.field))),
  );
}

function isThere(value: unknown): boolean {
  return (
    value !== undefined && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0)
  );
}

/** Where nothing is signed and nothing has an id, no two deliveries can be told to be the same. */
function idOfContent({ digest }: Proof, { body }: Part): string {
  if (digest === undefined) return `unsigned:${randomUUID()}`;
  return `signed:${createHash('sha256').update(digest).update(body).digest('hex')}`;
}
