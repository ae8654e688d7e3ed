import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { type Agent, request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLog } from '../../../src/log.ts';
import { certificateIn } from '../../../src/operator/inject/certificate.ts';
import { type Injector, type InjectorOptions, startInjector } from '../../../src/operator/inject/server.ts';
import { Redactor } from '../../../src/redact.ts';
import { type SelfSigned, selfSigned } from '../kube/self-signed.ts';
import { podOf, reviewOf, settingsOf } from './pods.ts';

let folder: string;
let first: SelfSigned;
let injector: Injector;
let stop: AbortController;
let lines: string[];
let outcomes: string[];

/** As a Secret is mounted: the files are links into a folder that is swapped as a whole. */
async function mount(generation: string, { cert, key }: SelfSigned): Promise<void> {
  await mkdir(join(folder, generation));
  await writeFile(join(folder, generation, 'tls.crt'), cert);
  await writeFile(join(folder, generation, 'tls.key'), key);
  await symlink(generation, join(folder, 'data.new'));
  await rename(join(folder, 'data.new'), join(folder, 'data'));
}

async function start(options: Partial<InjectorOptions> = {}): Promise<Injector> {
  return await startInjector({
    host: '127.0.0.1',
    port: 0,
    tls: certificateIn(folder),
    settings: settingsOf(),
    hasTenant: (_namespace, name) => name === 'acme',
    log: createLog({ env: {}, redactor: new Redactor(), write: (line) => lines.push(line) }),
    signal: stop.signal,
    certificateEveryMs: 20,
    onReview: (outcome) => outcomes.push(outcome),
    ...options,
  });
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tenantry-webhook-'));
  first = selfSigned();
  await mount('1', first);
  for (const file of ['tls.crt', 'tls.key']) await symlink(join('data', file), join(folder, file));
  [stop, lines, outcomes] = [new AbortController(), [], []];
  injector = await start();
});
afterEach(async () => {
  await injector.close();
  await rm(folder, { recursive: true });
});

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  /** PEM of what the server showed. */
  readonly shown: string;
}

/** On a connection of its own, as a client that trusts one certificate. */
function send(body: unknown, { ca = first.cert, path = '/inject', method = 'POST' } = {}): Promise<Answer> {
  const agent = false as unknown as Agent;
  const headers = { 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const outgoing = request(new URL(path, injector.url), { method, ca, agent, headers }, (answer) => {
      const shown = (answer.socket as TLSSocket).getPeerX509Certificate()?.toString() ?? '';
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        const parsed = JSON.parse(Buffer.concat(chunks).toString() || '{}') as Record<string, unknown>;
        resolve({ status: answer.statusCode ?? 0, body: parsed, shown });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
}

const responseOf = ({ body }: Answer): Record<string, unknown> => body['response'] as Record<string, unknown>;

describe('the webhook', () => {
  it('answers over HTTPS, and tells the log and the metrics what it did', async () => {
    expect(responseOf(await send(reviewOf(podOf())))).toMatchObject({
      allowed: true,
      patchType: 'JSONPatch',
    });
    const wrong = podOf({}, { 'tenantry.dev/tenants': 'globex' });
    expect(responseOf(await send(reviewOf(wrong)))).toMatchObject({ allowed: false, status: { code: 403 } });
    expect(responseOf(await send(reviewOf({ spec: { containers: [] } })))).toMatchObject({ allowed: true });
    expect(outcomes).toEqual(['injected', 'refused', 'unchanged']);
    const told = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(told).toContainEqual(
      expect.objectContaining({
        msg: 'a sidecar was put into a Pod',
        namespace: 'customers',
        pod: 'shop',
        tenants: ['acme'],
      }),
    );
    expect(told).toContainEqual(
      expect.objectContaining({
        level: 'warn',
        msg: 'a Pod was refused',
        message: expect.stringContaining('"globex"'),
      }),
    );
  });

  it.each([
    ['what is no AdmissionReview', '{"a": 1}', {}, 400],
    ['what is no JSON', '{', {}, 400],
    ['another path', '{}', { path: '/' }, 404],
    ['another method', '', { method: 'GET' }, 404],
  ])('refuses %s', async (_what, body, options, status) => {
    expect((await send(body, options)).status).toBe(status);
  });

  it('takes a Pod as large as the store does', async () => {
    const annotations = { 'tenantry.dev/tenants': 'acme', note: 'x'.repeat(3 * 1024 * 1024) };
    expect(responseOf(await send(reviewOf(podOf({}, annotations))))).toMatchObject({ allowed: true });
  });

  it('leaves it to the failure policy where the tenants cannot be looked up', async () => {
    await injector.close();
    injector = await start({ hasTenant: () => Promise.reject(new Error('not synced')) });
    expect(await send(reviewOf(podOf()))).toMatchObject({ status: 500, body: { code: 'Internal' } });
    expect(outcomes).toEqual(['error']);
  });

  it('ends with the signal', async () => {
    stop.abort();
    await injector.close();
    await expect(send(reviewOf(podOf()))).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});

describe('the certificate', () => {
  it('is taken anew when the files change, without a restart', async () => {
    const renewed = selfSigned();
    await mount('2', renewed);
    await vi.waitFor(async () => {
      expect((await send('{}', { ca: renewed.cert })).shown).toBe(renewed.cert);
    }, 10_000);
    await expect(send('{}')).rejects.toMatchObject({
      code: expect.stringMatching(/SELF_SIGNED|UNABLE_TO_VERIFY/),
    });
  });

  it('stays as it was while the new files do not belong together', async () => {
    await mount('2', { cert: selfSigned().cert, key: first.key });
    await vi.waitFor(() => expect(lines.join('')).toContain('the one before stays'), 10_000);
    expect((await send('{}')).shown).toBe(first.cert);
    const renewed = selfSigned();
    await mount('3', renewed);
    await vi.waitFor(async () => {
      expect((await send('{}', { ca: renewed.cert })).status).toBe(400);
    }, 10_000);
    expect(lines.join('')).not.toContain('PRIVATE KEY');
  });

  it.each([
    ['is missing', () => rm(join(folder, 'tls.key')), 'tls.key cannot be read (ENOENT)'],
    ['is none', () => writeFile(join(folder, 'tls.crt'), 'none'), 'are no certificate with its key'],
    [
      'has another key',
      () => writeFile(join(folder, 'tls.key'), selfSigned().key),
      'are no certificate with its key',
    ],
  ])('that %s stops the start with what to do', async (_what, spoil, words) => {
    await spoil();
    await expect(start()).rejects.toMatchObject({
      code: 'MissingSetting',
      message: expect.stringContaining(words),
      hint: expect.stringContaining('tls.crt'),
    });
  });

  it('is of no use on a port that is taken', async () => {
    const port = Number(new URL(injector.url).port);
    await expect(start({ port })).rejects.toMatchObject({
      code: 'InvalidUsage',
      message: expect.stringContaining('EADDRINUSE'),
    });
  });
});
