/** The provider's configuration: the parts of a Platform document, with secrets as values where Pulumi keeps them. */
import type { z } from 'zod';
import { draftSettings, type Settings } from '../../clients/settings.ts';
import { TenantryError } from '../../errors.ts';
import type { Redactor } from '../../redact.ts';
import { platformSpec } from '../../spec/platform.ts';
import { parseSecretRef } from '../../spec/secret-ref.ts';
import { nearest } from '../../spec/suggest.ts';
import { type Checked, checkInputs, type Failure } from './check.ts';
import type { Properties } from './wire.ts';

const { vault, airbyte } = platformSpec.shape;

/** The parts that the provider reads. Others under `tenantry:` are the program's (`tenantry:stack`). */
const PARTS = { vault, airbyte } as const;

/** Where a value may stand in clear, because Pulumi keeps it encrypted. */
const SECRETS = [
  ['vault', 'auth', 'token'],
  ['vault', 'auth', 'secretId'],
  ['airbyte', 'clientSecret'],
  ['airbyte', 'apiKey'],
] as const;

export interface Configured {
  readonly settings: Settings;
  /** The given environment, with the secrets that the configuration holds. */
  readonly env: NodeJS.ProcessEnv;
  /** Why there is no Airbyte, where its settings are missing. */
  readonly withoutAirbyte: string | undefined;
}

/** Mistakes at the path of the setting, e.g. `vault.auth.method`. */
export function checkConfiguration(given: Properties): readonly Failure[] {
  const failures: Failure[] = misspelt(given);
  for (const [name, schema] of Object.entries(PARTS)) {
    const { parts, unreadable } = readParts({ [name]: given[name] });
    failures.push(...unreadable);
    const { value } = takeSecrets(parts);
    if (value[name] === undefined) continue;
    failures.push(...checkPart(name, schema, value[name]));
  }
  return failures;
}

/**
 * @throws InvalidUsage for a setting that is wrong, MissingSetting when Vault's are not complete: every resource keeps
 *   something there
 */
export function configure(given: Properties, env: NodeJS.ProcessEnv, redactor: Redactor): Configured {
  const [failure] = checkConfiguration(given);
  if (failure) throw new TenantryError('InvalidUsage', `tenantry:${failure.property}: ${failure.reason}`);
  const { value, secrets } = takeSecrets(readParts(given).parts);
  for (const secret of Object.values(secrets)) redactor.add(secret);
  const all = { ...env, ...secrets };
  const spec = platformSpec.parse({ vault: value['vault'], airbyte: value['airbyte'] });
  const platform = {
    apiVersion: 'tenantry.dev/v1alpha1',
    kind: 'Platform',
    metadata: { name: 'pulumi' },
    spec,
  } as Parameters<typeof draftSettings>[0];
  const { settings, problems } = draftSettings(platform, all);
  const missing = (part: string): string =>
    problems
      .filter((problem) => problem.startsWith(`spec.${part}.`) || problem.startsWith(`spec.${part}:`))
      .map((problem) => problem.replace(/^spec\./, 'tenantry:'))
      .join('; ');
  const ofVault = missing('vault');
  if (ofVault !== '') {
    throw new TenantryError('MissingSetting', ofVault, {
      hint: 'set the environment variable, the stack’s configuration, or the arguments of tenantry.Provider',
    });
  }
  return { settings, env: all, withoutAirbyte: missing('airbyte') || undefined };
}

/** A part arrives as JSON: the protocol's configuration has texts only. */
function readParts(given: Properties): { parts: Record<string, unknown>; unreadable: Failure[] } {
  const parts: Record<string, unknown> = {};
  const unreadable: Failure[] = [];
  for (const name of Object.keys(PARTS)) {
    const text = given[name];
    if (typeof text !== 'string' || text === '') {
      if (text !== undefined && text !== '') parts[name] = text;
      continue;
    }
    try {
      parts[name] = JSON.parse(text);
    } catch {
      // The value itself may be a secret.
      unreadable.push({
        property: name,
        reason: 'must be a mapping, e.g. `pulumi config set --path tenantry:vault.address …`',
      });
    }
  }
  return { parts, unreadable };
}

/** Settings keep secrets as references, so that they can be printed: what is in clear becomes one to a variable. */
function takeSecrets(parts: Record<string, unknown>): {
  value: Record<string, unknown>;
  secrets: Record<string, string>;
} {
  const value = structuredClone(parts);
  const secrets: Record<string, string> = {};
  for (const path of SECRETS) {
    const last = path.at(-1) ?? '';
    const holder = path
      .slice(0, -1)
      .reduce<unknown>((node, key) => (isObject(node) ? node[key] : undefined), value);
    const found = isObject(holder) ? holder[last] : undefined;
    if (!isObject(holder) || typeof found !== 'string' || parseSecretRef(found)) continue;
    const variable = `TENANTRY_PROVIDER_${path.join('_').toUpperCase()}`;
    secrets[variable] = found;
    holder[last] = `\${ENV:${variable}}`;
  }
  return { value, secrets };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

type ObjectSchema = Parameters<typeof checkInputs>[0];

function checkPart(name: string, schema: z.ZodType, value: unknown): Failure[] {
  const object = unwrapped(schema);
  if (!isObject(value)) return [{ property: name, reason: 'must be a mapping' }];
  const { failures }: Checked = checkInputs(object, value);
  return failures.map(({ property, reason }) => ({ property: `${name}.${property}`, reason }));
}

/** The schema of the mapping itself, without its default. */
function unwrapped(schema: z.ZodType): ObjectSchema {
  const inner = (schema as unknown as { _zod: { def: { innerType?: z.ZodType } } })._zod.def.innerType;
  return inner ? unwrapped(inner) : (schema as ObjectSchema);
}

function misspelt(given: Properties): Failure[] {
  return Object.keys(given).flatMap((key) => {
    if (key in PARTS || PROGRAMS.has(key)) return [];
    const meant = nearest(key, Object.keys(PARTS));
    return meant === undefined
      ? []
      : [{ property: key, reason: `unknown setting; did you mean "${meant}"?` }];
  });
}

/** Settings with near names that are not the provider's. */
const PROGRAMS = new Set(['version', 'pluginDownloadURL', 'stack', 'postgres', 'sidecar', 'apps']);
