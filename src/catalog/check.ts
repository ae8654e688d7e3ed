/** Checks of a catalog entry that its schema cannot say: what refers to what, and who may hold which secret. */
import { credentialFieldsOf, factNames } from './auth.ts';
import { checkValue } from './check-config.ts';
import { checkPreviews } from './check-preview.ts';
import type { CatalogEntry, CatalogSetting, CatalogWebhook } from './entry.ts';
import {
  ALLOWED_PLACEHOLDERS,
  type Placeholder,
  parsePlaceholder,
  type TemplateString,
  templateStrings,
} from './placeholder.ts';
import { suggestion } from './suggestion.ts';
import { urlPlaceholders } from './url-template.ts';

/** A mistake of an entry with the path of its field. */
export interface EntryProblem {
  readonly path: (string | number)[];
  readonly message: string;
}

/** Every mistake of an entry; empty when it is right. */
export function checkEntry(entry: CatalogEntry): EntryProblem[] {
  return [
    ...checkPlaceholders(entry),
    ...checkOwner(entry),
    ...checkSettings(entry),
    ...checkUrls(entry),
    ...checkWebhook(entry),
    ...checkPreviews(entry, knownNames(entry)),
  ];
}

const CONFIGURATION = ['airbyte', 'configuration'];

function checkPlaceholders(entry: CatalogEntry): EntryProblem[] {
  if (entry.airbyte === undefined) return [];
  const problems: EntryProblem[] = [];
  if (Object.hasOwn(entry.airbyte.configuration, 'sourceType')) {
    problems.push({
      path: [...CONFIGURATION, 'sourceType'],
      message: 'is set from airbyte.sourceType; leave it out',
    });
  }
  for (const { path, text } of templateStrings(entry.airbyte.configuration, CONFIGURATION)) {
    const placeholder = parsePlaceholder(text);
    if (placeholder === undefined) continue;
    const message =
      placeholder === 'malformed'
        ? `"${text}" must be exactly one of ${ALLOWED_PLACEHOLDERS}`
        : placeholderProblem(entry, placeholder);
    if (message !== undefined) problems.push({ path: [...path], message });
  }
  return problems;
}

function placeholderProblem(entry: CatalogEntry, placeholder: Placeholder): string | undefined {
  const kind = entry.auth.kind;
  const { field } = placeholder;
  if (placeholder.from === 'config') {
    const known = Object.keys(entry.airbyte?.config ?? {});
    return known.includes(field) ? undefined : `no setting "${field}"${suggestion(field, known)}`;
  }
  if (placeholder.from === 'app') {
    return kind === 'oauth2' || kind === 'oauth2_client_credentials'
      ? undefined
      : `auth kind ${kind} has no client id and secret`;
  }
  const known = credentialFieldsOf(entry.auth);
  if (known.length === 0) return `auth kind ${kind} yields no credential that Airbyte could use`;
  return known.includes(field) ? undefined : `no credential field "${field}"${suggestion(field, known)}`;
}

/** DESIGN rule 5: a rotating refresh token has one owner, and it is never Airbyte. */
function checkOwner({ auth, airbyte }: CatalogEntry): EntryProblem[] {
  if (airbyte === undefined) return [];
  const problems: EntryProblem[] = [];
  const credentials = templateStrings(airbyte.configuration, CONFIGURATION).filter(isCredential);
  const refreshTokens = credentials.filter(({ text }) => text.includes('credential.refresh_token'));
  const owner = airbyte.credentialOwner;
  const path = ['airbyte', 'credentialOwner'];
  if (auth.kind === 'oauth2' && auth.refresh.rotates) {
    const message = 'the refresh token rotates: only Tenantry may hold it, hand Airbyte the access token';
    if (owner === 'airbyte') problems.push({ path, message });
    problems.push(...refreshTokens.map((hit) => ({ path: [...hit.path], message })));
  } else if (owner === 'airbyte' && refreshTokens.length === 0) {
    problems.push({
      path,
      message: 'airbyte refreshes only what it holds: use {{credential.refresh_token}}',
    });
  } else if (owner !== 'airbyte' && refreshTokens.length > 0) {
    problems.push({
      path,
      message: 'must be airbyte, because the configuration holds the refresh token',
    });
  }
  if (owner === 'static' && credentials.length > 0) {
    problems.push({ path, message: 'static means that the configuration uses no {{credential.…}}' });
  }
  if (owner === 'tenantry' && credentials.length === 0) {
    problems.push({ path, message: 'must be static, because the configuration uses no {{credential.…}}' });
  }
  return problems;
}

function isCredential({ text }: TemplateString): boolean {
  const placeholder = parsePlaceholder(text);
  return typeof placeholder === 'object' && placeholder.from === 'credential';
}

const SECRET_NAME = /(^|_)(token|secret|password|passphrase|api_?key|access_key|private_key|credentials?)$/i;

function checkSettings(entry: CatalogEntry): EntryProblem[] {
  const settings = entry.airbyte?.config ?? {};
  const used = usedSettings(entry);
  return Object.entries(settings).flatMap(([name, setting]) => {
    const path = ['airbyte', 'config', name];
    const problems = checkSetting(name, setting, path);
    if (!used.has(name)) problems.push({ path, message: 'is not used in airbyte.configuration or a URL' });
    return problems;
  });
}

function checkSetting(name: string, setting: CatalogSetting, path: (string | number)[]): EntryProblem[] {
  const problems: EntryProblem[] = [];
  if (!setting.secret && SECRET_NAME.test(name)) {
    problems.push({ path, message: 'is named like a secret: set secret: true' });
  }
  if (setting.secret && setting.type !== 'string') {
    problems.push({ path: [...path, 'type'], message: 'a secret setting must be a string (a reference)' });
  }
  if (setting.secret && setting.default !== undefined) {
    problems.push({ path: [...path, 'default'], message: 'a secret setting must not have a default' });
  }
  if (setting.items !== undefined && setting.type !== 'array') {
    problems.push({ path: [...path, 'items'], message: 'only an array has items' });
  }
  if (setting.pattern !== undefined && !isPattern(setting.pattern)) {
    problems.push({ path: [...path, 'pattern'], message: 'is not a regular expression' });
    return problems;
  }
  for (const part of ['default', 'example'] as const) {
    if (setting[part] === undefined || (part === 'default' && setting.secret)) continue;
    problems.push(...checkValue(setting, setting[part], [...path, part]));
  }
  return problems;
}

function isPattern(pattern: string): boolean {
  try {
    new RegExp(pattern, 'u');
    return true;
  } catch {
    return false;
  }
}

function usedSettings(entry: CatalogEntry): Set<string> {
  const used = new Set(entryUrls(entry).flatMap(({ text }) => urlPlaceholders(text)));
  for (const { text } of templateStrings(entry.airbyte?.configuration)) {
    const placeholder = parsePlaceholder(text);
    if (typeof placeholder === 'object' && placeholder.from === 'config') used.add(placeholder.field);
  }
  return used;
}

/** The URLs of auth and proxy, which alone may hold `{placeholders}`. */
function entryUrls(entry: CatalogEntry): readonly TemplateString[] {
  return [
    ...templateStrings(entry.auth, ['auth']).filter(({ path }) => /url$/i.test(String(path.at(-1)))),
    ...(entry.proxy === undefined ? [] : [{ path: ['proxy', 'baseUrl'], text: entry.proxy.baseUrl }]),
  ];
}

/** Facts and settings, which may fill a placeholder. */
function knownNames(entry: CatalogEntry): string[] {
  return [...factNames(entry.auth), ...Object.keys(entry.airbyte?.config ?? {})];
}

function checkUrls(entry: CatalogEntry): EntryProblem[] {
  const known = ['app', ...knownNames(entry)];
  return entryUrls(entry).flatMap(({ path, text }) => [
    ...urlPlaceholders(text)
      .filter((name) => !known.includes(name))
      .map((name) => ({
        path: [...path],
        message: `no fact or setting "${name}"${suggestion(name, known)}`,
      })),
    ...checkHost(entry, [...path], text),
  ]);
}

/** Anybody can write into a redirect, so nothing of it may decide which host gets the app's secret. */
function checkHost({ auth }: CatalogEntry, path: (string | number)[], text: string): EntryProblem[] {
  const host = /^https?:\/\/\{([^{}]*)\}(?:[:/?#]|$)/.exec(text)?.[1];
  if (host === undefined || !('callbackFacts' in auth) || !Object.hasOwn(auth.callbackFacts, host)) return [];
  return [{ path, message: `"${host}" comes with the redirect and must not be the whole host` }];
}

function checkWebhook({ auth, webhook }: CatalogEntry): EntryProblem[] {
  if (webhook === undefined) return [];
  const problems: EntryProblem[] = [];
  if (!webhook.signaturePattern.includes('{signature}')) {
    problems.push({ path: ['webhook', 'signaturePattern'], message: 'must contain {signature}' });
  }
  const timed = webhook.timestampHeader !== undefined || webhook.signaturePattern.includes('{timestamp}');
  if (webhook.payload.includes('{timestamp}') && !timed) {
    problems.push({
      path: ['webhook', 'payload'],
      message: 'signs {timestamp}, so timestampHeader or signaturePattern must say where it stands',
    });
  }
  if (webhook.scheme !== 'token' && !webhook.payload.includes('{body}')) {
    problems.push({ path: ['webhook', 'payload'], message: 'must contain {body}' });
  }
  const route = webhook.route;
  if (route !== undefined && (route.field === undefined) === (route.header === undefined)) {
    problems.push({ path: ['webhook', 'route'], message: 'must have either a field or a header' });
  }
  problems.push(...checkEvents(webhook));
  const facts = factNames(auth);
  if (route !== undefined && !facts.includes(route.fact)) {
    problems.push({
      path: ['webhook', 'route', 'fact'],
      message: `no fact "${route.fact}"${suggestion(route.fact, facts)}`,
    });
  }
  return problems;
}

function checkEvents({ type, lifecycle }: CatalogWebhook): EntryProblem[] {
  const problems: EntryProblem[] = [];
  if (type !== undefined && type.field === undefined && type.header === undefined) {
    problems.push({ path: ['webhook', 'type'], message: 'must have a field or a header' });
  }
  for (const [index, { does, field }] of lifecycle.entries()) {
    const path = ['webhook', 'lifecycle', index];
    if (type === undefined) {
      problems.push({ path, message: 'webhook.type must say where the kind of event stands' });
    }
    if (does === 'code' && field === undefined) {
      problems.push({ path, message: 'needs field: where the code stands' });
    }
  }
  return problems;
}
