/** Decides about a webhook that came in: whether it is genuine, and whose it is. */
import { randomBytes } from 'node:crypto';
import type { CatalogWebhook } from '../../catalog/entry.ts';
import { TenantryError } from '../../errors.ts';
import type { SidecarContext } from '../context.ts';
import { type IntegrationView, requireIntegration, type StackView } from '../stack/view.ts';
import { appOf, isOwnApp, type ownAppCheck, sharedViewOf, signingSecretOf } from './apps.ts';
import { idText, type Part, parseContent, partsOf, valueAt } from './content.ts';
import { takeIn } from './events.ts';
import { keepPendingCode, keepVerificationToken } from './handshakes.ts';
import {
  type Installation,
  installationById,
  installationOfAccount,
  type subscriptionSecrets,
} from './installations.ts';
import { eventOf, lifecycleOf } from './provider-event.ts';
import { isFresh, type Proof, type SignedRequest, singleHeader, verifySignature } from './signature.ts';

export interface Incoming extends SignedRequest {
  readonly integration: string;
  /** Id of our installation, where the address names one. */
  readonly installation: string | undefined;
  readonly signal: AbortSignal;
}

/** How it ended: for the metric, and what the provider must be told. */
export interface Received {
  readonly outcome: 'accepted' | 'replayed' | 'unrouted' | 'handshake';
  /** Must be sent back (Slack). */
  readonly challenge?: string;
}

export interface Receiver {
  readonly context: SidecarContext;
  readonly secretOf: ReturnType<typeof subscriptionSecrets>;
  readonly hasOwnApp: ReturnType<typeof ownAppCheck>;
}

/** A delivery on its way through the checks. */
interface Work extends Receiver {
  readonly incoming: Incoming;
  readonly webhook: CatalogWebhook;
  readonly view: StackView;
}

/** Larger bodies are not read before their signature is known to be right. */
const MOST_UNPROVEN_BYTES = 262_144;

/**
 * @throws WebhookSignatureInvalid, in the same words whether the integration, the installation or the signature is
 *   wrong; errors of Vault and Postgres, after which the provider sends it again
 */
export async function receive(receiver: Receiver, incoming: Incoming): Promise<Received> {
  try {
    return await receiveAny(receiver, incoming);
  } catch (error) {
    logRefusal(receiver.context, incoming, error);
    throw error;
  }
}

async function receiveAny(receiver: Receiver, incoming: Incoming): Promise<Received> {
  const view = receiver.context.stack.current();
  const webhook = view.catalog.get(incoming.integration)?.webhook;
  if (webhook === undefined) throw refusal('the catalog knows no webhook of this integration');
  const work: Work = { ...receiver, incoming, webhook, view };
  return await (incoming.installation === undefined
    ? receiveForAll(work)
    : receiveForOne(work, incoming.installation));
}

/** Only the log says why: who sends must not learn which installations there are. */
function logRefusal({ log }: SidecarContext, incoming: Incoming, error: unknown): void {
  if (!(error instanceof TenantryError) || error.code !== 'WebhookSignatureInvalid') return;
  if (!(error.cause instanceof Error)) return;
  const { integration, installation } = incoming;
  log.info({ integration, installation, reason: error.cause.message }, 'a webhook is refused');
}

/** The address that all tenants share: the platform's own app signs, and the delivery names the account. */
async function receiveForAll(work: Work): Promise<Received> {
  const { context, incoming, webhook, view } = work;
  const options = { signal: incoming.signal };
  const shared = sharedViewOf(view, incoming.integration);
  const app = shared && (await appOf(context, shared, options));
  const secret = signingSecretOf(webhook, app);
  const proof = prove(work, secret);
  if (proof === undefined) {
    const isKept = secret === undefined && app && (await keepToken(work, app.clientSecret));
    return isKept ? { outcome: 'handshake' } : await receiveFromOwnApp(work);
  }
  const content = provenContent(work);
  const challenge = challengeOf(webhook, content);
  if (challenge !== undefined) return { outcome: 'handshake', challenge };
  const outcomes: Received['outcome'][] = [];
  for (const part of partsOf(webhook, content, incoming)) {
    const owner = await ownerOf(work, part);
    // A tenant with an app of its own gets what that app signs, and nothing of the shared one.
    const isShared = owner && !(await work.hasOwnApp(owner.view, options));
    if (isShared) outcomes.push(await accept(work, { ...owner, part, proof }));
    else if (!owner && app && (await keepCode(work, part, app.clientSecret))) outcomes.push('handshake');
    else outcomes.push('unrouted');
  }
  return { outcome: outcomes.find((each) => each !== 'unrouted') ?? 'unrouted' };
}

/** The account named by the delivery belongs to a tenant whose own app signs: only that secret can prove it. */
async function receiveFromOwnApp(work: Work): Promise<Received> {
  const { context, incoming, webhook } = work;
  if (webhook.route === undefined || webhook.secret === 'subscription') throw refusal(UNPROVEN);
  if (incoming.body.length > MOST_UNPROVEN_BYTES)
    throw refusal('the body is too large to look for its owner');
  const [part, ...more] = partsOf(webhook, contentOf(incoming), incoming);
  const owner = part && more.length === 0 ? await ownerOf(work, part) : undefined;
  const found = owner && (await appOf(context, owner.view, { signal: incoming.signal }));
  const app = owner && isOwnApp(owner.view, found) ? found : undefined;
  const proof = prove(work, signingSecretOf(webhook, app));
  if (part === undefined || owner === undefined)
    throw refusal('no installation has this account, and the shared app did not sign');
  if (proof === undefined) throw refusal(UNPROVEN);
  provenContent(work);
  return { outcome: await accept(work, { ...owner, part, proof }) };
}

/** The address of one installation: its own secret signs, else the app that it was made with. */
async function receiveForOne(work: Work, id: string): Promise<Received> {
  const { context, incoming, webhook } = work;
  const options = { signal: incoming.signal };
  const installation = await installationById(context, incoming.integration, id, options);
  const owner = installation && viewOf(work, installation);
  const ownSecret = owner && (await work.secretOf(owner.installation, options));
  const appSecret =
    owner && ownSecret === undefined
      ? signingSecretOf(webhook, await appOf(context, owner.view, options))
      : undefined;
  const proof = prove(work, ownSecret ?? appSecret);
  if (owner === undefined) throw refusal('there is no such installation');
  if (proof === undefined) throw refusal(UNPROVEN);
  const content = provenContent(work);
  const challenge = challengeOf(webhook, content);
  if (challenge !== undefined) return { outcome: 'handshake', challenge };
  const parts = partsOf(webhook, content, incoming);
  // An app's secret signs for every account that installed it: the delivery itself must name this one.
  const isForeign =
    ownSecret === undefined &&
    parts.some(({ account }) => account === undefined || account !== owner.installation.external_install_id);
  if (isForeign) throw refusal('the app signed for another account than that of this installation');
  const part: Part = { account: undefined, content, body: incoming.body };
  return { outcome: await accept(work, { ...owner, part, proof }) };
}

interface Owner {
  readonly installation: Installation;
  readonly view: IntegrationView;
}

async function ownerOf(work: Work, { account }: Part): Promise<Owner | undefined> {
  const { context, incoming } = work;
  if (account === undefined) return undefined;
  const options = { signal: incoming.signal };
  const installation = await installationOfAccount(context, incoming.integration, account, options);
  return installation && viewOf(work, installation);
}

/** Undefined for an installation whose documents have gone. */
function viewOf({ view }: Work, installation: Installation): Owner | undefined {
  try {
    return { installation, view: requireIntegration(view, installation.tenant, installation.integration) };
  } catch (error) {
    if (error instanceof TenantryError && error.code === 'NotFound') return undefined;
    throw error;
  }
}

async function accept(
  { context, incoming, webhook }: Work,
  delivery: Owner & { readonly part: Part; readonly proof: Proof },
): Promise<Received['outcome']> {
  // An authorization code is handed to nobody.
  if (lifecycleOf(webhook, delivery.part.content, incoming)?.does === 'code') return 'handshake';
  const event = eventOf(webhook, incoming, delivery);
  return (await takeIn(context, event, { signal: incoming.signal })) ? 'accepted' : 'replayed';
}

/** Without a secret it is compared all the same, so that the time does not tell that there is none. */
function prove({ webhook, incoming, context }: Work, secret: string | undefined): Proof | undefined {
  const known = secret !== undefined && secret !== '';
  const proof = verifySignature(webhook, known ? secret : UNKNOWN_SECRET, incoming, context.now());
  return known ? proof : undefined;
}

const UNKNOWN_SECRET = randomBytes(32).toString('base64');

function contentOf(incoming: Incoming): unknown {
  return parseContent(incoming.body, singleHeader(incoming, 'content-type'));
}

/** Read only now that the signature is right; the time of sending may stand in the body. */
function provenContent({ webhook, incoming, context }: Work): unknown {
  const content = contentOf(incoming);
  const { timestampField } = webhook;
  if (timestampField !== undefined) {
    const timestamp = idText(valueAt(content, timestampField));
    if (!isFresh(webhook, timestamp, context.now())) throw refusal('it was sent too long ago');
  }
  return content;
}

function challengeOf({ challengeField }: CatalogWebhook, content: unknown): string | undefined {
  return challengeField === undefined ? undefined : idText(valueAt(content, challengeField));
}

async function keepCode(work: Work, { account, content }: Part, clientSecret: string): Promise<boolean> {
  const { context, incoming, webhook } = work;
  const lifecycle = lifecycleOf(webhook, content, incoming);
  if (account === undefined || lifecycle?.does !== 'code' || lifecycle.field === undefined) return false;
  const code = idText(valueAt(content, lifecycle.field));
  if (code === undefined) return false;
  const { integration, signal } = incoming;
  await keepPendingCode(context, { integration, installationId: account, code, clientSecret }, { signal });
  return true;
}

/** Only while there is no signing secret yet: afterwards nothing that is not signed is looked at. */
async function keepToken(work: Work, clientSecret: string): Promise<boolean> {
  const { context, incoming, webhook } = work;
  const { integration, signal } = incoming;
  if (webhook.verificationTokenField === undefined || incoming.body.length > 1024) return false;
  const token = idText(valueAt(contentOf(incoming), webhook.verificationTokenField));
  if (token === undefined) return false;
  await keepVerificationToken(context, { integration, token, clientSecret }, { signal });
  return true;
}

const UNPROVEN = 'no signing secret is known for it, or the signature is not made with it';

/** One answer for all, so that nobody learns which installations there are; `reason` is for the log. */
function refusal(reason: string): TenantryError {
  return new TenantryError(
    'WebhookSignatureInvalid',
    'there is no such webhook, or it is not signed as it should be',
    { cause: new Error(reason) },
  );
}
