/** Airbyte's sample data source: rows made from a seed, no API needed. */
import type { JsonObject, SourceDefinition } from './definition.ts';

const GIVEN = ['Ada', 'Bela', 'Caro', 'Dana', 'Emil', 'Finn', 'Gwen', 'Hugo', 'Ines', 'Jona'];
const FAMILY = ['Ash', 'Birch', 'Cedar', 'Elm', 'Hazel', 'Linden', 'Maple', 'Oak', 'Pine', 'Rowan'];
const PRODUCTS = 100;
const EPOCH = Date.UTC(2024, 0, 1);

function integer(configuration: JsonObject, key: string, fallback: number): number {
  const value = configuration[key];
  return typeof value === 'number' ? value : fallback;
}

/** Mulberry32: small, fast and the same on every machine. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function pick<T>(from: readonly T[], next: () => number): T {
  return from[Math.floor(next() * from.length)] as T;
}

function time(id: number): string {
  return new Date(EPOCH + id * 60_000).toISOString();
}

function* users(configuration: JsonObject): Iterable<JsonObject> {
  const next = random(integer(configuration, 'seed', -1));
  for (let id = 1; id <= integer(configuration, 'count', 1000); id++) {
    const given = pick(GIVEN, next);
    const name = `${given} ${pick(FAMILY, next)}`;
    yield {
      id,
      name,
      email: `${given.toLowerCase()}.${id}@example.com`,
      age: 18 + Math.floor(next() * 60),
      subscribed: next() < 0.5,
      address: { city: `Town ${Math.floor(next() * 50)}`, country_code: 'XX' },
      created_at: time(id),
      updated_at: time(id),
    };
  }
}

function* products(configuration: JsonObject): Iterable<JsonObject> {
  const next = random(integer(configuration, 'seed', -1) + 1);
  for (let id = 1; id <= PRODUCTS; id++) {
    yield {
      id,
      make: pick(FAMILY, next),
      model: `Model ${id}`,
      year: 1990 + Math.floor(next() * 35),
      price: Math.round(next() * 5_000_000) / 100,
      created_at: time(id),
      updated_at: time(id),
    };
  }
}

function* purchases(configuration: JsonObject): Iterable<JsonObject> {
  const next = random(integer(configuration, 'seed', -1) + 2);
  for (let id = 1; id <= integer(configuration, 'count', 1000); id++) {
    yield {
      id,
      user_id: id,
      product_id: 1 + Math.floor(next() * PRODUCTS),
      purchased_at: time(id),
      created_at: time(id),
      updated_at: time(id),
    };
  }
}

const times = { created_at: 'timestamp', updated_at: 'timestamp' } as const;
const keyed = { primaryKey: [['id']], cursor: 'updated_at' } as const;

export const faker: SourceDefinition = {
  name: 'faker',
  definitionId: 'dfd88b22-b603-4c3d-aad7-3701784586b1',
  configuration: {
    fields: {
      count: { type: 'integer', minimum: 1 },
      seed: { type: 'integer' },
      always_updated: { type: 'boolean' },
      parallelism: { type: 'integer', minimum: 1 },
      records_per_slice: { type: 'integer', minimum: 1 },
    },
  },
  streams: () => [
    {
      ...keyed,
      name: 'users',
      columns: {
        id: 'integer',
        name: 'string',
        email: 'string',
        age: 'integer',
        subscribed: 'boolean',
        address: 'json',
        ...times,
      },
      generate: users,
    },
    {
      ...keyed,
      name: 'products',
      columns: { id: 'integer', make: 'string', model: 'string', year: 'integer', price: 'number', ...times },
      generate: products,
    },
    {
      ...keyed,
      name: 'purchases',
      columns: {
        id: 'integer',
        user_id: 'integer',
        product_id: 'integer',
        purchased_at: 'timestamp',
        ...times,
      },
      generate: purchases,
    },
  ],
};
