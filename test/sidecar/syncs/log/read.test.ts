/** The log as a tenant reads it: its own runs, and no name or secret of the machinery. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TenantryError } from '../../../../src/errors.ts';
import type { StackView } from '../../../../src/sidecar/stack/view.ts';
import { classify } from '../../../../src/sidecar/syncs/failures/classify.ts';
import { createLogReader } from '../../../../src/sidecar/syncs/log/read.ts';
import type { Failure } from '../../../../src/sidecar/syncs/runner.ts';
import type { Syncs } from '../../../../src/sidecar/syncs/syncs.ts';
import { type SidecarDatabase, startSidecarDatabase } from '../../../support/sidecar-database.ts';
import { insertRun } from '../run-rows.ts';

let db: SidecarDatabase;
let log: Syncs['log'];
beforeAll(async () => {
  db = await startSidecarDatabase();
  const view = { catalog: new Map([['notion', { name: 'Notion' }]]) } as unknown as StackView;
  log = createLogReader({ database: db.database, stack: { current: () => view } });
});
afterAll(() => db.close());

const place = { tenant: 'acme', integration: 'notion' };
const date = (time: string): Date => new Date(`2026-03-01T${time}Z`);

const CANARIES = [
  'canary-workspace-5d1f',
  'canary-connection-77aa',
  'canary-job-424242',
  'canary-pod-replication-job-9',
  'canary-host.airbyte.svc.cluster.local',
  'canary-token-xoxb-1234567890',
  'at io.airbyte.Canary.run(Canary.java:17)',
];

function ended(failure: Failure): Record<string, unknown> {
  const { error } = failure;
  return {
    status: 'failed',
    error_code: error.code,
    error_class: failure.class,
    error_message: error.message,
    next_step: error.hint,
  };
}

describe('the log of a run', () => {
  it('holds nothing that Airbyte calls things by, whatever Airbyte and the errors said', async () => {
    const said = CANARIES.join(' ');
    const job = {
      jobId: CANARIES[2] ?? '',
      status: 'failed',
      rows: 1,
      bytes: 1,
      updatedAt: undefined,
    } as const;
    const failures = [
      ...[
        '',
        '401 unauthorized',
        '429 retry after 60',
        'heartbeat',
        'is required',
        'schema changed',
        '503 error',
      ].map((hint) =>
        classify({ integration: 'notion', name: 'Notion', job: { ...job, message: `${hint} ${said}` } }),
      ),
      ...(
        ['AirbyteRejected', 'AirbyteUnreachable', 'VaultError', 'Internal', 'ProviderRejected'] as const
      ).map((code) =>
        classify({ integration: 'notion', error: new TenantryError(code, said, { hint: said }) }),
      ),
      classify({ integration: 'notion', isStuck: true, job: { ...job, message: said } }),
    ];
    let before: string | null = null;
    for (const [index, failure] of failures.entries()) {
      const row = await insertRun(db.admin, {
        ...place,
        ...ended(failure),
        connection_id: CANARIES[1],
        job_id: `${CANARIES[2]}-${index}`,
        actor: 'user:canary-actor',
        attempt: index + 1,
        retries: before,
        created_at: date('12:00:00'),
        started_at: date('12:00:01'),
        ended_at: date('12:01:00'),
      });
      before = row.id;
    }
    const lines = await log(place, before ?? '');
    expect(lines.length).toBeGreaterThanOrEqual(failures.length * 3);
    const text = JSON.stringify(lines);
    for (const canary of [...CANARIES, 'canary']) expect(text).not.toContain(canary);
  });

  it('begins with the tries before it and ends with its own end', async () => {
    const first = await insertRun(db.admin, {
      ...place,
      ...ended(classify({ integration: 'notion', name: 'Notion', provider: { says: 'fails', status: 503 } })),
      tries: 1,
      created_at: date('12:00:00'),
      due_at: date('12:00:00'),
      started_at: date('12:00:01'),
      ended_at: date('12:01:01'),
      retry_at: date('12:02:00'),
    });
    const second = await insertRun(db.admin, {
      ...place,
      trigger: 'retry',
      status: 'succeeded',
      attempt: 2,
      tries: 1,
      retries: first.id,
      created_at: date('12:01:01'),
      due_at: date('12:02:00'),
      started_at: date('12:02:00'),
      ended_at: date('12:03:00'),
      rows: 3,
      bytes: 30,
    });
    const texts = (await log(place, second.id)).map(({ text }) => text);
    expect(texts).toHaveLength(8);
    expect(texts[2]).toBe(
      'it failed, after 60 seconds: Notion answers with an error of its own (status 503)',
    );
    expect(texts.at(-1)).toBe('it ended well, after 60 seconds: 3 rows (30 bytes)');
    expect(await log(place, first.id)).toHaveLength(5);
  });

  it('is there for its tenant and integration alone', async () => {
    const { id } = await insertRun(db.admin, { ...place, tenant: 'globex', status: 'succeeded' });
    await expect(log(place, id)).rejects.toMatchObject({ code: 'NotFound' });
    await expect(log({ tenant: 'globex', integration: 'slack' }, id)).rejects.toMatchObject({
      code: 'NotFound',
    });
    expect(await log({ tenant: 'globex', integration: 'notion' }, id)).toHaveLength(1);
    for (const other of [randomUUID(), 'x', "' or true"]) {
      await expect(log(place, other)).rejects.toMatchObject({ code: 'NotFound' });
    }
  });
});
