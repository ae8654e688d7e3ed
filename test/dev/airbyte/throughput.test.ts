/** The emulator must not be what a benchmark measures. */
import { expect, it } from 'vitest';
import { connection, pair, startSession } from './session.ts';

const CREATES = 3000;

it('creates thousands of sources a second and lists 3,000 of them by the hundred', async () => {
  await using session = await startSession();
  const ids = await pair(session);
  const body = JSON.stringify({
    name: 'n',
    workspaceId: ids.workspaceId,
    configuration: { sourceType: 'notion', credentials: { auth_type: 'token', token: 't' } },
  });
  const headers = { authorization: 'Bearer test-key', 'content-type': 'application/json' };
  const begun = performance.now();
  let left = CREATES;
  const work = async () => {
    while (left-- > 0) {
      const answer = await fetch(`${session.airbyte.url}/sources`, { method: 'POST', headers, body });
      await answer.arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: 32 }, work));
  const rate = CREATES / ((performance.now() - begun) / 1000);
  let next = `${session.airbyte.url}/sources?limit=100&workspaceIds=${ids.workspaceId}`;
  let seen = 0;
  const listing = performance.now();
  while (next !== '') {
    const page = (await (await fetch(next, { headers })).json()) as { next: string; data: unknown[] };
    seen += page.data.length;
    next = page.next;
  }
  const milliseconds = performance.now() - listing;
  console.info(
    `${Math.round(rate)} creates/s with fetch in the same process; 3,000 listed in ${Math.round(milliseconds)} ms`,
  );
  expect(seen).toBe(CREATES + 1);
  expect(await connection(session, ids)).toMatchObject({ status: 'active' });
  // Far below what is seen, so that a busy machine does not fail it.
  expect(rate).toBeGreaterThan(500);
});
