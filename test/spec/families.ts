/** Generated families of documents: right ones, and right ones with one field changed. */
import fc from 'fast-check';

type Json = unknown;

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/);
const schemaName = fc
  .stringMatching(/^[a-z_][a-z0-9_]{0,20}$/)
  .filter((name) => !/^(?:pg_|public$|tenantry$)/.test(name));
const word = fc.string({ minLength: 1, maxLength: 30 });
const metadata = fc.record(
  { name: label, labels: fc.dictionary(label, label, { maxKeys: 2 }) },
  { requiredKeys: ['name'] },
);

function document(kind: string, spec: fc.Arbitrary<object>): fc.Arbitrary<Json> {
  return fc.record({
    apiVersion: fc.constant('tenantry.dev/v1alpha1'),
    kind: fc.constant(kind),
    metadata,
    spec,
  });
}

const optional = { requiredKeys: [] };

export const tenants = document(
  'Tenant',
  fc.record(
    {
      displayName: word,
      database: fc.record(
        { schema: schemaName, connectionLimit: fc.integer({ min: 1, max: 1000 }) },
        optional,
      ),
      encryption: fc.record(
        { rotationPeriod: fc.constantFrom('1h', '90d', '60m', '1h30m', '59m60s') },
        optional,
      ),
      quotas: fc.record(
        { syncsPerDay: fc.nat(), callsPerMinute: fc.nat(), rowsPerMonth: fc.maxSafeNat() },
        optional,
      ),
      deletionPolicy: fc.constantFrom('Retain', 'Delete'),
      managementPolicy: fc.constantFrom('Manage', 'Observe'),
      adopt: fc.boolean(),
      suspend: fc.boolean(),
    },
    optional,
  ),
);

const reference = fc.constantFrom('${ENV:APP_SECRET}', '${VAULT:secret/data/apps/notion:client_secret}');
const path = fc.array(word, { minLength: 1, maxLength: 2 });
const stream = fc.record(
  {
    name: word,
    syncMode: fc.constantFrom('full_refresh_overwrite', 'incremental_deduped_history'),
    cursorField: path,
    primaryKey: fc.array(path, { maxLength: 2 }),
  },
  { requiredKeys: ['name'] },
);

/** A field of a cron expression within its bounds, of every form. */
function cronField(least: number, most: number): fc.Arbitrary<string> {
  const range = fc
    .tuple(fc.integer({ min: least, max: most }), fc.integer({ min: least, max: most }))
    .map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`);
  const step = fc.integer({ min: 1, max: 7 });
  const item = fc.oneof(
    fc.constant('*'),
    step.map((every) => `*/${every}`),
    fc.integer({ min: least, max: most }).map(String),
    range,
    fc.tuple(range, step).map(([part, every]) => `${part}/${every}`),
  );
  return fc.array(item, { minLength: 1, maxLength: 3 }).map((items) => items.join(','));
}

const days = fc.oneof(
  fc.tuple(cronField(1, 31), fc.constant('*')),
  fc.tuple(
    fc.constant('*'),
    fc.oneof(cronField(0, 7), fc.constantFrom('MON-FRI', 'SUN', 'TUE,THU', 'MON-SAT/2')),
  ),
);

/** Cron expressions that the documents accept. */
export const schedules = fc
  .tuple(
    cronField(0, 59),
    cronField(0, 23),
    days,
    fc.oneof(cronField(1, 12), fc.constantFrom('JAN', 'MAR-MAY')),
  )
  .map(([minute, hour, [day, weekday], month]) => `${minute} ${hour} ${day} ${month} ${weekday}`);

const app = fc.record(
  {
    clientId: word,
    clientSecret: reference,
    slug: fc.constantFrom('acme-app', '${ENV:SLUG}'),
    appId: word,
    privateKey: reference,
    webhookSecret: reference,
    redirectUri: fc.constantFrom('https://connect.example.com/back?a=b#c', '${ENV:REDIRECT_URI}'),
  },
  { requiredKeys: ['clientId', 'clientSecret'] },
);

export const integrations = document(
  'TenantIntegration',
  fc.record(
    {
      tenant: label,
      integration: label,
      app,
      scopes: fc.array(word, { maxLength: 3 }),
      config: fc.dictionary(label, fc.jsonValue(), { maxKeys: 3 }),
      sync: fc.record(
        {
          schedule: fc.oneof(fc.constant('manual'), schedules),
          streams: fc.uniqueArray(stream, { minLength: 1, maxLength: 3, selector: ({ name }) => name }),
          namespace: schemaName,
          prefix: fc.stringMatching(/^[a-z0-9_]{0,32}$/),
          schemaChanges: fc.constantFrom(
            'ignore',
            'disable_connection',
            'propagate_columns',
            'propagate_fully',
          ),
          initialSync: fc.boolean(),
        },
        optional,
      ),
      access: fc.record({ tools: fc.boolean(), proxy: fc.boolean() }, optional),
      deletionPolicy: fc.constantFrom('Retain', 'Delete'),
      managementPolicy: fc.constantFrom('Manage', 'Observe'),
      suspend: fc.boolean(),
      adopt: fc.boolean(),
    },
    { requiredKeys: ['tenant', 'integration'] },
  ),
);

const platformText = fc.oneof(word, fc.constant('${ENV:SETTING}'));

export const platforms = document(
  'Platform',
  fc.record(
    {
      vault: fc.record(
        {
          address: fc.constantFrom('http://127.0.0.1:8200', '${ENV:VAULT}'),
          namespace: platformText,
          auth: fc.oneof(
            fc.record({ method: fc.constant('token'), token: reference }, { requiredKeys: ['method'] }),
            fc.record({ method: fc.constant('kubernetes'), role: word }),
            fc.record({ method: fc.constant('jwt'), role: word, tokenFile: word }),
          ),
          kvMount: fc.constantFrom('secret', 'kv/team'),
        },
        optional,
      ),
      postgres: fc.record(
        {
          host: platformText,
          port: fc.oneof(fc.integer({ min: 1, max: 65_535 }), fc.constant('${ENV:PORT}')),
          password: reference,
        },
        optional,
      ),
      airbyte: fc.record({ timeoutSeconds: fc.double({ min: 1, max: 600, noNaN: true }) }, optional),
      apps: fc.dictionary(label, fc.record({ clientId: word, clientSecret: reference }), { maxKeys: 2 }),
    },
    optional,
  ),
);

/** Values that some field refuses; for each place in a document one of them is tried. */
export const STRANGE: readonly Json[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e9,
  2 ** 60,
  '',
  ' ',
  'x',
  'A',
  'a-b',
  'a_b',
  '-a',
  'pg_x',
  'public',
  'é',
  '😀'.repeat(150),
  'a'.repeat(64),
  'a'.repeat(300),
  '${ENV:X}',
  '${VAULT:a}',
  `\${VAULT:${'a'.repeat(1024)}:k}`,
  'https://a.example/\u00a0b',
  'a\nb',
  'a\u0000b',
  // Assembled, so that no text in this file looks like a token to a scanner.
  `xox${'b-'}1234-abcd`,
  `look: gh${'p_'}abcdefgh`,
  'manual',
  '* * * * *',
  '90d',
  'Retain',
  [],
  ['a'],
  [''],
  [null],
  {},
  { a: 1 },
];

/** The document with one field, found by chance, replaced, removed or added. */
export function mutated(documents: fc.Arbitrary<Json>): fc.Arbitrary<Json> {
  const change = fc.oneof(
    fc.constantFrom(...STRANGE).map((value) => ({ value })),
    fc.constant('remove' as const),
    fc.constant('add' as const),
  );
  return fc.tuple(documents, fc.nat(), change).map(([made, at, how]) => {
    const copy = structuredClone(made);
    const places = [...fields(copy)];
    const place = places[at % places.length];
    if (place === undefined) return copy;
    if (how === 'add') place.parent.unknownField = 1;
    else if (how === 'remove') delete place.parent[place.key];
    else place.parent[place.key] = how.value;
    return copy;
  });
}

interface Place {
  readonly parent: Record<string, Json>;
  readonly key: string;
}

function* fields(value: Json): Generator<Place> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, child] of Object.entries(value)) {
    if (!Array.isArray(value)) yield { parent: value as Record<string, Json>, key };
    // What stands under config is free.
    if (key !== 'config') yield* fields(child);
  }
}
