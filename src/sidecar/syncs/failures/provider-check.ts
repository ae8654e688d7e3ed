/** One cheap call to the provider with the tenant's credential: it tells what Airbyte's public API does not. */
import { fetch as undiciFetch } from 'undici';
import { throwIfCancelled } from '../../../clients/http.ts';
import type { CredentialPlace } from '../../../credentials/store.ts';
import { TenantryError } from '../../../errors.ts';
import type { SidecarContext } from '../../context.ts';
import { callProvider, type ProviderAnswer, type ProviderRequest } from '../../providers/call.ts';
import type { ProviderContext } from '../../providers/kind.ts';
import { type Agents, createAgents } from '../../proxy/agents.ts';
import { requireIntegration } from '../../stack/view.ts';
import type { UsableToken } from '../../tokens/service.ts';
import { type Question, questionsOf } from './provider-question.ts';
import { type ProviderSays, saying } from './provider-says.ts';

export interface ProviderCheckParts
  extends Pick<SidecarContext, 'stack' | 'providers' | 'tokens' | 'redactor' | 'now'> {
  readonly settings: Pick<SidecarContext['settings'], 'providerOrigins'>;
  readonly accessLog: Pick<SidecarContext['accessLog'], 'record'>;
  /** Default: its own. */
  readonly agents?: Pick<Agents, 'guarded' | 'direct'>;
}

export type ProviderCheck = (place: CredentialPlace, signal: AbortSignal) => Promise<ProviderSays>;

const NOTHING: ProviderSays = { says: 'nothing' };
/** Many syncs wait for the answer when a provider hangs. */
const CALL_MS = 5_000;
/** How long a provider that is down is not asked again: a thousand syncs that fail by it find it out together. */
const DOWN_MS = 15_000;
const MOST_DOWN = 1_000;
/**
 * @returns `nothing` where the provider has no such call
 * @throws NeedsReauthorization, CredentialNotFoundError, ProviderUnavailable, VaultUnreachable …: of the credential
 */
export function createProviderCheck(parts: ProviderCheckParts): ProviderCheck {
  const { stack, providers, tokens, redactor, now } = parts;
  const guarded = guardedFetch(parts);
  const down = rememberFailing(now);

  async function answerTo(question: Question, asking: Asking): Promise<ProviderSays> {
    const { context, place } = asking;
    const { origin, host } = context.url(question.url);
    const key = `${context.entry.id} ${origin}`;
    const known = down.get(key);
    if (known) return known;
    // No use of a credential without its record.
    const detail = `${question.method} ${host}`.slice(0, 200);
    const record = { ...place, action: 'sync.check', actor: 'system:syncs', outcome: 'ok', detail } as const;
    await parts.accessLog.record(record);
    const said = await asked(question, asking, now());
    if (said.says === 'fails') down.set(key, said);
    return said;
  }

  return async (place, signal) => {
    const view = requireIntegration(stack.current(), place.tenant, place.integration);
    const questions = questionsOf(view);
    if (questions.length === 0) return NOTHING;
    const token = await tokens.get(place, { signal });
    const { context: given } = await providers.of(view, token.facts, { signal });
    const context = { ...given, fetch: guarded, timeoutMs: CALL_MS };
    let said = NOTHING;
    for (const question of questions) {
      said = await answerTo(question, { context, place, token });
      if (said.says !== 'nothing') break;
    }
    // Where the sync uses a credential of its own, this one's state tells nothing of it.
    const isOfSync = view.entry.airbyte?.credentialOwner !== 'static';
    if (!isOfSync && said.says !== 'limits' && said.says !== 'fails') return NOTHING;
    return withoutSecrets(said, (word) => redactor.redact(word) === word);
  };
}

interface Failing {
  get(key: string): ProviderSays | undefined;
  set(key: string, said: ProviderSays): void;
}

/** Which providers were down a moment ago, and with what answer. */
function rememberFailing(now: () => number): Failing {
  const known = new Map<string, { readonly until: number; readonly said: ProviderSays }>();
  return {
    get(key) {
      const found = known.get(key);
      if (found && now() < found.until) return found.said;
      known.delete(key);
      return undefined;
    },
    set(key, said) {
      // Tenants may have hosts of their own.
      if (known.size >= MOST_DOWN) known.clear();
      known.set(key, { until: now() + DOWN_MS, said });
    },
  };
}

interface Asking {
  readonly context: ProviderContext;
  readonly place: CredentialPlace;
  readonly token: UsableToken;
}

async function asked(question: Question, { context, token }: Asking, now: number): Promise<ProviderSays> {
  try {
    return saying(await ask(context, question, token), now);
  } catch (error) {
    throwIfCancelled(context.signal);
    if (error instanceof TenantryError && error.code === 'ProviderUnavailable') return { says: 'fails' };
    throw error;
  }
}

/** Settings of a document may be part of the host: only public addresses are reached, as by the proxy. */
function guardedFetch({ settings, agents = createAgents() }: ProviderCheckParts): typeof fetch {
  const mapped = new Set(Object.values(settings.providerOrigins).map((url) => new URL(url).origin));
  const guarded = (url: URL, init: Record<string, unknown>): unknown =>
    undiciFetch(url, { ...init, dispatcher: mapped.has(url.origin) ? agents.direct : agents.guarded });
  return guarded as unknown as typeof fetch;
}

function ask(context: ProviderContext, asked: Question, token: UsableToken): Promise<ProviderAnswer> {
  const { proxy } = context.entry;
  const { header, format } = proxy?.authorization ?? { header: 'Authorization', format: 'Bearer {token}' };
  const url = context.url(asked.url);
  for (const [name, value] of Object.entries(asked.query)) {
    url.searchParams.set(name, value.replaceAll('{limit}', '1'));
  }
  const request: ProviderRequest = {
    method: asked.method,
    headers: {
      accept: 'application/json',
      ...lowerCased(proxy?.headers ?? {}),
      ...lowerCased(asked.headers),
      [header.toLowerCase()]: format.replace('{token}', () => token.value),
      ...(asked.body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(asked.body !== undefined && { body: JSON.stringify(asked.body, (_key, each) => limited(each)) }),
  };
  return callProvider(context, url, request);
}

function limited(value: unknown): unknown {
  return value === '{limit}' ? 1 : value;
}

function withoutSecrets({ word, ...said }: ProviderSays, isClean: (word: string) => boolean): ProviderSays {
  return word !== undefined && isClean(word) ? { ...said, word } : said;
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
