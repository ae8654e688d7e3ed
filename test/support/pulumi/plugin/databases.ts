/** One client per database: a resource may name another database than the provider. */
import type { PostgresClient } from '../../../../src/clients/postgres.ts';
import { type Properties, text } from './resource.ts';

type Client = PostgresClient & { close(): Promise<void> };

export class Databases {
  readonly #clients = new Map<string, Client>();
  readonly #first: string;
  readonly #open: (database: string) => Client;

  constructor(first: string, open: (database: string) => Client) {
    this.#first = first;
    this.#open = open;
  }

  /** The database that the properties name, or the provider's. */
  of(properties: Properties): Client {
    const name = text(properties, 'database') || this.#first;
    const client = this.#clients.get(name) ?? this.#open(name);
    this.#clients.set(name, client);
    return client;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#clients.values()].map((client) => client.close()));
  }
}
