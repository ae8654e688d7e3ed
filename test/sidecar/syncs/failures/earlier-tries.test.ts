/** Tries of one run that failed in the same way, over a real Postgres. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { failuresBefore } from '../../../../src/sidecar/syncs/failures/earlier-tries.ts';
import type { FailureClass } from '../../../../src/sidecar/syncs/syncs.ts';
import { type SidecarDatabase, startSidecarDatabase } from '../../../support/sidecar-database.ts';
import { insertRun } from '../run-rows.ts';

let db: SidecarDatabase;
beforeAll(async () => {
  db = await startSidecarDatabase();
});
afterAll(() => db.close());

const place = { tenant: 'acme', integration: 'notion' };
const count = (of: FailureClass, tenant = 'acme'): Promise<number> =>
  failuresBefore(db.database, { place: { ...place, tenant }, of, signal: new AbortController().signal });

it('count by class, in this run alone', async () => {
  const failed = (error_class: FailureClass, retries?: string): Promise<{ id: string }> =>
    insertRun(db.admin, { ...place, status: 'failed', error_class, ...(retries && { retries }) });
  await failed('token');
  const first = await failed('provider');
  const second = await failed('token', first.id);
  const third = await failed('provider', second.id);
  expect(await count('provider')).toBe(0);
  await insertRun(db.admin, { ...place, status: 'running', retries: third.id });
  expect(await count('provider')).toBe(2);
  expect(await count('token')).toBe(1);
  expect(await count('stuck')).toBe(0);
  expect(await count('token', 'globex')).toBe(0);
});
