/** Sends recorded calls again by a plain loop: the floor that a run is compared with. */
import pg from 'pg';
import { HttpLoop, inLoop, type RawClient } from './http-loop.ts';
import { assignedBy, type RecordedQuery, type Recording } from './recording.ts';
import {
  airbyteWaves,
  type PlannedCall,
  postgresWaves,
  type Template,
  vaultWaves,
  type Waves,
} from './waves.ts';

export interface ReplayResult {
  readonly calls: number;
  readonly wallMs: number;
  /** Calls whose status was not that of the recording; a comparison is worth something only when there are none. */
  readonly mismatches: number;
}

/** The same limits as the documents' defaults. */
export const CONCURRENCY = { vault: 32, airbyte: 8, postgres: 8 } as const;

export function callsOf(recording: Recording): number {
  return recording.vault.length + recording.airbyte.length + recording.postgres.length;
}

/** The three systems at the same time, each with its own concurrency, as the program does. */
export async function replay(
  recording: Recording,
  variables: Readonly<Record<string, string>>,
  client: RawClient,
): Promise<ReplayResult> {
  const airbyteUrl = new URL(variables['AIRBYTE_URL'] ?? '');
  const token = await airbyteToken(airbyteUrl, variables);
  const pool = postgresPool(variables);
  const vault = new HttpLoop({
    address: variables['VAULT_ADDR'] ?? '',
    concurrency: CONCURRENCY.vault,
    headers: { 'X-Vault-Token': variables['VAULT_TOKEN'] ?? '' },
    client,
  });
  const airbyte = new HttpLoop({
    address: airbyteUrl.origin,
    concurrency: CONCURRENCY.airbyte,
    headers: { Authorization: `Bearer ${token}` },
    client,
  });
  // Prepared before the clock starts: the floor is the calls alone.
  const waves = {
    vault: vaultWaves(recording.vault),
    airbyte: airbyteWaves(recording.airbyte),
    postgres: postgresWaves(recording.postgres),
  };
  const started = performance.now();
  try {
    const mismatches = await Promise.all([
      replayHttp(vault, waves.vault),
      replayHttp(airbyte, waves.airbyte),
      replayPostgres(pool, waves.postgres),
    ]);
    const wallMs = performance.now() - started;
    return {
      calls: callsOf(recording),
      wallMs,
      mismatches: mismatches.reduce((sum, count) => sum + count, 0),
    };
  } finally {
    vault.close();
    airbyte.close();
    await pool.end();
  }
}

async function airbyteToken(url: URL, variables: Readonly<Record<string, string>>): Promise<string> {
  const login = new HttpLoop({ address: url.origin, concurrency: 1 });
  const answer = await login.send({
    method: 'POST',
    path: `${url.pathname}/applications/token`,
    body: JSON.stringify({
      client_id: variables['AIRBYTE_CLIENT_ID'],
      client_secret: variables['AIRBYTE_CLIENT_SECRET'],
    }),
  });
  login.close();
  return (JSON.parse(answer.text) as { access_token: string }).access_token;
}

function postgresPool(variables: Readonly<Record<string, string>>): pg.Pool {
  const pool = new pg.Pool({
    host: variables['PGHOST'],
    port: Number(variables['PGPORT']),
    database: variables['PGDATABASE'],
    user: variables['PGUSER'],
    password: variables['PGPASSWORD'],
    max: CONCURRENCY.postgres,
  });
  // An idle connection that the server ends is no failure of a call.
  pool.on('error', () => undefined);
  return pool;
}

async function replayHttp(loop: HttpLoop, waves: Waves<PlannedCall>): Promise<number> {
  /** What the server chooses this time, by position of the call. */
  const assigned = new Map<number, readonly string[]>();
  const fill = (template: Template): string => {
    let text = '';
    for (const part of template) {
      text += typeof part === 'string' ? part : assigned.get(part.call)?.[part.index];
    }
    return text;
  };
  let mismatches = 0;
  for (const wave of waves) {
    await loop.run(wave, async ({ recorded, position, path, body }) => {
      const { method, contentType } = recorded;
      const answer = await loop.send({ method, path: fill(path), body: body && fill(body), contentType });
      if (answer.status !== recorded.status) mismatches++;
      if (recorded.assigned.length > 0) assigned.set(position, assignedBy(answer));
    });
  }
  return mismatches;
}

async function replayPostgres(pool: pg.Pool, waves: Waves<RecordedQuery>): Promise<number> {
  let mismatches = 0;
  for (const wave of waves) {
    await inLoop(wave, CONCURRENCY.postgres, async ({ sql, params }) => {
      await pool.query(sql, params && [...params]).catch(() => mismatches++);
    });
  }
  return mismatches;
}
