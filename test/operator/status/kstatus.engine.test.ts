import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { resolveEngine } from '../../engines/resolve.ts';
import { page, rowsOf } from './pages.ts';
import { STATES } from './states.ts';

interface Conclusion {
  readonly kstatus: string;
  readonly kstatusMessage: string;
  readonly argo: string;
  readonly argoMessage: string;
}

let folder = '';
const conclusions = new Map<string, Conclusion>();

beforeAll(async () => {
  const program = await resolveEngine('kstatus');
  folder = await mkdtemp(join(tmpdir(), 'tenantry-kstatus-'));
  const script = /```lua\n(.*?)```/s.exec(await page('health.md'))?.[1] ?? '';
  expect(script).toContain('return health');
  const file = join(folder, 'health.lua');
  await writeFile(file, script);
  const lines = Object.values(STATES).map((object) => `${JSON.stringify(object)}\n`);
  const answer = await new Promise<string>((resolve, reject) => {
    const child = execFile(program, [file], (error, stdout, stderr) =>
      error ? reject(new Error(stderr || error.message)) : resolve(stdout),
    );
    child.stdin?.end(lines.join(''));
  });
  const names = Object.keys(STATES);
  for (const [index, line] of answer.trim().split('\n').entries()) {
    conclusions.set(names[index] ?? '', JSON.parse(line) as Conclusion);
  }
}, 180_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

it('kstatus and Argo CD conclude of each state what the page says', async () => {
  const rows = rowsOf(await page('reasons.md'), 'State');
  const documented = rows.map(([name, , , , , kstatus, argo]) => ({ name, kstatus, argo }));
  const found = [...conclusions].map(([name, { kstatus, argo }]) => ({ name, kstatus, argo }));
  expect(found).toEqual(documented);
});

it('Argo CD shows the message with the next step', () => {
  expect(conclusions.get('waits for its credential')?.argoMessage).toBe(
    'waits for credential acme/notion; next step: make a link: tenantry connect acme notion --documents kubernetes',
  );
  expect(conclusions.get('not valid')?.argoMessage).toMatch(/^it went wrong; next step: /);
});

it('kstatus takes the words of the condition that it goes by', () => {
  expect(conclusions.get('not valid')?.kstatusMessage).toMatch(/^it went wrong; next step: /);
  expect(conclusions.get('a system is away for a moment')?.kstatusMessage).toMatch(/^it went wrong/);
});
