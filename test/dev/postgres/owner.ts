/** Starts a Postgres, says where, and waits to be killed. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { startDevPostgres } from '../../../src/dev/postgres.ts';

const dataDir = process.argv[2];
const { url } = await startDevPostgres(dataDir === undefined ? {} : { dataDir });
const client = new pg.Client({ connectionString: url });
await client.connect();
const { rows } = await client.query<{ data: string }>(`select current_setting('data_directory') as data`);
await client.end();
const data = rows[0]?.data ?? '';
const pid = Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]);
process.stdout.write(JSON.stringify({ url, data, pid }));
setInterval(() => undefined, 60_000);
