/** Reads values out of the answers of providers by the paths of a catalog entry. */

export type Json = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The parsed text; undefined where it is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Facts longer than this are none. */
const MOST_FACT = 2048;

/** Value at a path such as `owner.user.id` or `0.id`; `*` is every element of an array. */
export function valueAt(body: unknown, path: string): unknown {
  let value = body;
  const segments = path.split('.');
  for (const [index, segment] of segments.entries()) {
    if (segment === '*') {
      const rest = segments.slice(index + 1).join('.');
      if (!Array.isArray(value)) return undefined;
      return value.map((each: unknown) => (rest === '' ? each : valueAt(each, rest)));
    }
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, segment)) return undefined;
    value = (value as Json)[segment];
  }
  return value;
}

/** What is found of the wanted facts; texts, numbers and yes or no count, and lists of them. */
export function factsAt(body: unknown, wanted: Readonly<Record<string, string>>): Record<string, string> {
  const facts: Record<string, string> = {};
  for (const [name, path] of Object.entries(wanted)) {
    const fact = factText(valueAt(body, path));
    if (fact !== undefined && fact !== '' && fact.length <= MOST_FACT) facts[name] = fact;
  }
  return facts;
}

function factText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (!Array.isArray(value)) return undefined;
  return value
    .map(factText)
    .filter((each) => each !== undefined)
    .join(', ');
}
