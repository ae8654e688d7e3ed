/** `tenantry rotate` on many credentials, against raw Transit rewrap and against the same calls in a plain loop. */
import { createVaultClient, type VaultClient } from '../src/clients/vault.ts';
import { rotate } from '../src/credentials/rotate.ts';
import { startVault } from '../test/support/engines/vault.ts';
import { HttpLoop, inLoop } from './http-loop.ts';
import { perSecond, rounded } from './measures.ts';

const TENANT = 'acme';
const BATCH = 100;
/** As `rotate` has them: batches at once, and calls to KV at once within a batch. */
const BATCHES_AT_ONCE = 4;
const CALLS_AT_ONCE = 64;

export interface RotateReport {
  readonly credentials: number;
  readonly vault: string;
  readonly rotate: { readonly wallMs: number; readonly perSecond: number; readonly calls: number };
  /** Only Transit: the cipher texts of all credentials in batches, without reading or writing KV. */
  readonly rawRewrap: { readonly wallMs: number; readonly perSecond: number };
  /** What a rewrap cannot do without: read, write, and the record of both, per credential, and Transit in batches. */
  readonly rawCalls: { readonly wallMs: number; readonly perSecond: number; readonly calls: number };
  readonly ratio: { readonly ofRawRewrap: number; readonly ofRawCalls: number };
}

export async function benchRotate(
  credentials: number,
  progress: (text: string) => void,
): Promise<RotateReport> {
  const server = await startVault();
  let calls = 0;
  const vault = createVaultClient({
    address: server.address,
    auth: { method: 'token', token: server.rootToken },
    kvMount: 'secret',
    transitMount: 'transit',
    concurrency: CALLS_AT_ONCE,
    onCall: () => {
      calls += 1;
    },
  });
  try {
    const { version } = await vault.health();
    progress(`rotate: storing ${credentials} credentials in a real Vault ${version}`);
    const names = Array.from({ length: credentials }, (_, index) => `service-${index}`);
    const ciphertexts = await seed(vault, names);
    progress('rotate: raw rewrap in batches');
    const rawRewrap = await measured(() => rewrapAll(vault, ciphertexts));
    progress('rotate: the product');
    calls = 0;
    const own = await measured(() => rotate(vault, TENANT));
    const ownCalls = calls;
    progress('rotate: the same calls in a plain loop');
    const raw = await measured(() => plainLoop(server, names, ciphertexts));
    return {
      credentials,
      vault: version,
      rotate: { wallMs: rounded(own), perSecond: perSecond(credentials, own), calls: ownCalls },
      rawRewrap: { wallMs: rounded(rawRewrap), perSecond: perSecond(credentials, rawRewrap) },
      rawCalls: {
        wallMs: rounded(raw),
        perSecond: perSecond(credentials, raw),
        calls: credentials * 4 + Math.ceil(credentials / BATCH),
      },
      ratio: { ofRawRewrap: rounded(rawRewrap / own, 3), ofRawCalls: rounded(raw / own, 3) },
    };
  } finally {
    await vault.close();
    await server.close();
  }
}

async function measured(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

function batches<T>(items: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(items.length / BATCH) }, (_, index) =>
    items.slice(index * BATCH, (index + 1) * BATCH),
  );
}

/** A claimed tenant with a key, and a token per name. Returns the cipher texts. */
async function seed(vault: VaultClient, names: readonly string[]): Promise<string[]> {
  await vault.write('sys/mounts/transit', { type: 'transit' });
  await vault.write(`transit/keys/${TENANT}`, { type: 'aes256-gcm96' });
  await vault.write(`secret/data/${TENANT}/_tenantry`, { data: { owner: 'cli:bench', deletion: 'Retain' } });
  const ciphertexts: string[] = [];
  for (const batch of batches(names)) {
    const batch_input = batch.map((name) => ({
      plaintext: Buffer.from(`token of ${name}`).toString('base64'),
    }));
    const answer = await vault.write<{ batch_results: { ciphertext: string }[] }>(
      `transit/encrypt/${TENANT}`,
      { batch_input },
    );
    ciphertexts.push(...(answer?.batch_results.map((result) => result.ciphertext) ?? []));
  }
  const items = names.map((name, index) => ({ name, access_token: ciphertexts[index] }));
  await inLoop(items, CALLS_AT_ONCE, async ({ name, access_token }) => {
    await vault.write(`secret/data/${TENANT}/${name}`, { data: { access_token } });
  });
  return ciphertexts;
}

async function rewrapAll(vault: VaultClient, ciphertexts: readonly string[]): Promise<void> {
  await inLoop(batches(ciphertexts), BATCHES_AT_ONCE, async (batch) => {
    const batch_input = batch.map((ciphertext) => ({ ciphertext }));
    await vault.write(`transit/rewrap/${TENANT}`, { batch_input });
  });
}

async function plainLoop(
  server: { readonly address: string; readonly rootToken: string },
  names: readonly string[],
  ciphertexts: readonly string[],
): Promise<void> {
  const headers = { 'X-Vault-Token': server.rootToken };
  const loop = new HttpLoop({ address: server.address, concurrency: CALLS_AT_ONCE, headers });
  const items = names.map((name, index) => ({ name, data: { access_token: ciphertexts[index] } }));
  const body = (value: unknown): string => JSON.stringify(value);
  await loop.run(items, async ({ name }) => {
    await loop.send({ method: 'GET', path: `/v1/secret/data/${TENANT}/${name}` });
  });
  await loop.run(batches(ciphertexts), async (batch) => {
    const batch_input = batch.map((ciphertext) => ({ ciphertext }));
    await loop.send({ method: 'POST', path: `/v1/transit/rewrap/${TENANT}`, body: body({ batch_input }) });
  });
  await loop.run(items, async ({ name, data }) => {
    const metadata = `/v1/secret/metadata/${TENANT}/${name}`;
    await loop.send({ method: 'GET', path: metadata });
    await loop.send({ method: 'POST', path: `/v1/secret/data/${TENANT}/${name}`, body: body({ data }) });
    await loop.send({
      method: 'PATCH',
      path: metadata,
      body: body({ custom_metadata: { encrypted_version: '2' } }),
      contentType: 'application/merge-patch+json',
    });
  });
  loop.close();
}
