/** Speaks to the development Postgres as any role, for tests that look at the world or attack it. */
import pg from 'pg';
import type { Systems } from './world.ts';

type Place = Pick<Systems, 'postgres'>;

export interface Login {
  readonly user: string;
  readonly password: string;
}

/** One connection; the caller ends it. */
export async function openSql({ postgres }: Place, login: Login = postgres): Promise<pg.Client> {
  const { host, port, database } = postgres;
  const client = new pg.Client({
    host,
    port,
    database,
    user: login.user,
    password: login.password,
    ssl: false,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
  return client;
}

/** Runs one query, or several statements without parameters, as the superuser or as `login`. */
export async function sql<R extends Record<string, unknown> = Record<string, unknown>>(
  systems: Place,
  text: string,
  params: readonly unknown[] = [],
  login?: Login,
): Promise<R[]> {
  const client = await openSql(systems, login);
  try {
    const result = await (params.length > 0 ? client.query<R>(text, [...params]) : client.query<R>(text));
    return (Array.isArray(result) ? result.at(-1) : result).rows as R[];
  } finally {
    await client.end();
  }
}

/** SQLSTATE with which the query is refused; `none` when it is not. */
export async function sqlState(systems: Place, text: string, login?: Login): Promise<string> {
  try {
    await sql(systems, text, [], login);
    return 'none';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}
