/** Checks the spec.config of an integration against the settings of its catalog entry. */
import { parseSecretRef, SECRET_HOW } from '../spec/secret-ref.ts';
import type { CatalogEntry, CatalogSetting } from './entry.ts';
import { templateStrings } from './placeholder.ts';
import { suggestion } from './suggestion.ts';

/** A mistake with its place, counted from spec.config. */
export interface ConfigProblem {
  readonly path: (string | number)[];
  /** Never repeats a value: it may be a secret that was written in the wrong field. */
  readonly message: string;
}

/** Every mistake of a spec.config; empty when it is right. */
export function checkConfig(entry: CatalogEntry, config: Record<string, unknown>): ConfigProblem[] {
  const settings = entry.airbyte?.config ?? {};
  const known = Object.keys(settings);
  const problems: ConfigProblem[] = [];
  for (const field of Object.keys(config)) {
    if (Object.hasOwn(settings, field)) continue;
    problems.push({
      path: [field],
      message: `unknown setting of ${entry.id}${suggestion(field, known)}`,
    });
  }
  for (const [field, setting] of Object.entries(settings)) {
    const value = Object.hasOwn(config, field) ? config[field] : undefined;
    if (value !== undefined && value !== null) problems.push(...checkValue(setting, value, [field]));
    else if (setting.required && setting.default === undefined) {
      problems.push({ path: [field], message: `is required by ${entry.id}: ${setting.description}` });
    }
  }
  return problems;
}

/** Mistakes of one value; also used for the defaults and examples of an entry. */
export function checkValue(
  setting: CatalogSetting,
  value: unknown,
  path: (string | number)[],
): ConfigProblem[] {
  if (setting.secret) return checkSecret(value, path);
  const found = typeOf(value);
  if (found !== setting.type) {
    return [{ path, message: `must be ${withArticle(setting.type)}, not ${withArticle(found)}` }];
  }
  const references = templateStrings(value, path)
    .filter(({ text }) => parseSecretRef(text) !== undefined)
    .map((hit) => ({
      path: [...hit.path],
      message: 'a reference is only allowed in a secret setting; write the value itself',
    }));
  if (references.length > 0) return references;
  if (Array.isArray(value)) return checkItems(setting, value, path);
  return typeof value === 'string' ? checkPattern(setting, value, path) : [];
}

function checkSecret(value: unknown, path: (string | number)[]): ConfigProblem[] {
  if (typeof value === 'string' && parseSecretRef(value) !== undefined) return [];
  return [
    {
      path,
      message: `a literal secret is not allowed here; ${SECRET_HOW}`,
    },
  ];
}

function checkItems(
  setting: CatalogSetting,
  items: readonly unknown[],
  path: (string | number)[],
): ConfigProblem[] {
  const wanted = setting.items ?? 'string';
  return items.flatMap((item, index) => {
    const found = typeOf(item);
    if (found !== wanted) {
      return [
        { path: [...path, index], message: `must be ${withArticle(wanted)}, not ${withArticle(found)}` },
      ];
    }
    return typeof item === 'string' ? checkPattern(setting, item, [...path, index]) : [];
  });
}

function checkPattern(setting: CatalogSetting, text: string, path: (string | number)[]): ConfigProblem[] {
  if (setting.pattern === undefined || new RegExp(setting.pattern, 'u').test(text)) return [];
  const example = typeof setting.example === 'string' ? `, e.g. ${setting.example}` : '';
  return [{ path, message: `must match ${setting.pattern}${example}` }];
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return 'array';
  if (value === null) return 'null';
  if (typeof value === 'number') return Number.isSafeInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function withArticle(type: string): string {
  if (type === 'null' || type === 'undefined') return 'nothing';
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}
