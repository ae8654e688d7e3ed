/** Checks of a catalog entry's previews: what they name must be there. */
import type { EntryProblem } from './check.ts';
import type { CatalogEntry } from './entry.ts';
import { templateStrings } from './placeholder.ts';
import { isRequest, type PreviewRequest } from './preview.ts';
import { suggestion } from './suggestion.ts';
import { urlPlaceholders } from './url-template.ts';

/** @param known facts and settings that may fill a placeholder */
export function checkPreviews(entry: CatalogEntry, known: readonly string[]): EntryProblem[] {
  return (entry.airbyte?.streams ?? []).flatMap(({ preview }, index) => {
    if (preview === undefined) return [];
    const path = ['airbyte', 'streams', index, 'preview'];
    if ((preview.path === undefined) === (preview.none === undefined))
      return [{ path, message: 'must have either path or none' }];
    if (!isRequest(preview)) return [];
    const noProxy =
      entry.proxy === undefined ? [{ path, message: 'needs a proxy: its base is the API' }] : [];
    return [...noProxy, ...checkEach(entry, preview, path), ...checkPlaceholders(preview, known, path)];
  });
}

function checkEach(
  { airbyte }: CatalogEntry,
  { each }: PreviewRequest,
  path: (string | number)[],
): EntryProblem[] {
  if (each === undefined) return [];
  const { stream, config } = each;
  const at = (field: string, message: string): EntryProblem[] => [
    { path: [...path, 'each', field], message },
  ];
  if ((stream === undefined) === (config === undefined))
    return [{ path: [...path, 'each'], message: 'must have either a stream or a config' }];
  if (config !== undefined) {
    const settings = airbyte?.config ?? {};
    const setting = Object.hasOwn(settings, config) ? settings[config] : undefined;
    if (setting?.type === 'array') return [];
    return at('config', `no setting "${config}" with a list${suggestion(config, Object.keys(settings))}`);
  }
  const parent = airbyte?.streams.find(({ name }) => name === stream)?.preview;
  if (!isRequest(parent)) return at('stream', `no stream "${stream}" with a request`);
  // Each level multiplies the calls at the provider.
  return parent.each?.stream === undefined ? [] : at('stream', 'must not itself be read for another stream');
}

function checkPlaceholders(
  request: PreviewRequest,
  known: readonly string[],
  path: (string | number)[],
): EntryProblem[] {
  const allowed = ['limit', ...(request.each ? ['each'] : []), ...known];
  const texts = [
    { path: ['path'], text: request.path },
    ...templateStrings(request.query, ['query']),
    ...templateStrings(request.add, ['add']),
    ...templateStrings(request.body, ['body']).filter(({ text }) => wholePlaceholder(text) !== undefined),
  ];
  return texts.flatMap(({ path: at, text }) =>
    urlPlaceholders(text)
      .filter((name) => !allowed.includes(name))
      .map((name) => ({
        path: [...path, ...at],
        message: `no fact or setting "${name}"${suggestion(name, allowed)}`,
      })),
  );
}

/** The name of a text that is one placeholder and nothing else: braces mean something in many bodies. */
export function wholePlaceholder(text: string): string | undefined {
  return /^\{(\w+)\}$/.exec(text)?.[1];
}
