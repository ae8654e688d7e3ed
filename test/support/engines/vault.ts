/** A real Vault for one test file: a clean one each time, on a free port, gone when the test is. */
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../src/dev/free-port.ts';
import { resolveEngine } from '../../engines/resolve.ts';
import { type EngineProcess, onFreePorts, startEngine } from './engine-process.ts';

export interface VaultOptions {
  /** `dev` keeps all in memory and is ready soonest; the others keep it over a restart. Default `dev`. */
  readonly storage?: 'dev' | 'file' | 'raft';
}

export interface RealVault {
  /** e.g. `http://127.0.0.1:18200`; the same after a restart. */
  readonly address: string;
  readonly rootToken: string;
  /** Ends the process, starts it again on the same data and unseals it. Not with storage `dev`. */
  restart(): Promise<void>;
  seal(): Promise<void>;
  unseal(): Promise<void>;
  close(): Promise<void>;
}

interface Keys {
  readonly rootToken: string;
  readonly unsealKey: string;
}

const DEV_ROOT_TOKEN = 'root-of-a-test';

/** Starts Vault with a KV v2 engine at `secret/`, initialised and unsealed. */
export async function startVault({ storage = 'dev' }: VaultOptions = {}): Promise<RealVault> {
  const program = await resolveEngine('vault');
  return onFreePorts(() => (storage === 'dev' ? startDev(program) : startWithConfig(program, storage)));
}

async function startDev(program: string): Promise<RealVault> {
  const listen = `127.0.0.1:${await freePort()}`;
  const address = `http://${listen}`;
  const flags = [
    `-dev-root-token-id=${DEV_ROOT_TOKEN}`,
    `-dev-listen-address=${listen}`,
    '-dev-no-store-token',
  ];
  const engine = await startEngine({
    command: [program, 'server', '-dev', ...flags],
    folder: await mkdtemp(join(tmpdir(), 'tenantry-vault-')),
    isReady: () => isActive(address),
  });
  await untilKvServes(address, DEV_ROOT_TOKEN);
  let unsealKey = '';
  await until(async () => {
    // It prints the key a moment after it is ready.
    unsealKey = /^Unseal Key: (\S+)$/m.exec(await engine.log())?.[1] ?? '';
    return unsealKey !== '';
  });
  return {
    address,
    rootToken: DEV_ROOT_TOKEN,
    restart: () =>
      Promise.reject(new Error('a Vault in dev mode forgets everything: use storage file or raft')),
    ...sealing(address, { rootToken: DEV_ROOT_TOKEN, unsealKey }),
    close: () => engine.stop(),
  };
}

async function startWithConfig(program: string, storage: 'file' | 'raft'): Promise<RealVault> {
  const folder = await mkdtemp(join(tmpdir(), 'tenantry-vault-'));
  const address = `http://127.0.0.1:${await freePort()}`;
  await writeFile(join(folder, 'vault.json'), JSON.stringify(await configOf(folder, address, storage)));
  const start = (isReady: () => Promise<boolean>): Promise<EngineProcess> =>
    startEngine({ command: [program, 'server', '-config', join(folder, 'vault.json')], folder, isReady });
  // 501: not initialised yet.
  let engine = await start(async () => (await health(address)) === 501);
  try {
    const keys = await initialise(address);
    const { seal, unseal } = sealing(address, keys);
    await unseal();
    const kv = { type: 'kv', options: { version: '2' } };
    await send(address, 'POST', 'sys/mounts/secret', { token: keys.rootToken, body: kv });
    await untilKvServes(address, keys.rootToken);
    return {
      address,
      rootToken: keys.rootToken,
      seal,
      unseal,
      async restart() {
        await engine.stop({ keepFolder: true });
        // 503: sealed.
        engine = await start(async () => (await health(address)) === 503);
        await unseal();
      },
      close: () => engine.stop(),
    };
  } catch (error) {
    await engine.stop();
    throw error;
  }
}

async function configOf(folder: string, address: string, storage: 'file' | 'raft'): Promise<unknown> {
  const { host } = new URL(address);
  const path = join(folder, 'data');
  const inCluster = {
    // The default waits long for other nodes to speak up before it elects a leader.
    storage: { raft: { path, node_id: 'one', performance_multiplier: '1' } },
    cluster_addr: `http://127.0.0.1:${await freePort()}`,
  };
  const alone = { storage: { file: { path } } };
  await mkdir(path, { mode: 0o700 });
  return {
    ...(storage === 'raft' ? inCluster : alone),
    listener: [{ tcp: { address: host, tls_disable: true } }],
    api_addr: address,
    disable_mlock: true,
    ui: false,
  };
}

async function initialise(address: string): Promise<Keys> {
  const answer = (await send(address, 'PUT', 'sys/init', {
    body: { secret_shares: 1, secret_threshold: 1 },
  })) as {
    root_token: string;
    keys: string[];
  };
  return { rootToken: answer.root_token, unsealKey: answer.keys[0] ?? '' };
}

function sealing(address: string, { rootToken, unsealKey }: Keys): Pick<RealVault, 'seal' | 'unseal'> {
  return {
    async seal() {
      await send(address, 'PUT', 'sys/seal', { token: rootToken });
    },
    async unseal() {
      await send(address, 'PUT', 'sys/unseal', { body: { key: unsealKey } });
      await until(() => isActive(address));
    },
  };
}

async function health(address: string): Promise<number> {
  return (await fetch(`${address}/v1/sys/health`)).status;
}

async function isActive(address: string): Promise<boolean> {
  return (await health(address)) === 200;
}

/** A new KV v2 engine answers 400 ("Upgrading from non-versioned to versioned data") for a moment. */
async function untilKvServes(address: string, token: string): Promise<void> {
  await until(async () => {
    const answer = await fetch(`${address}/v1/secret/config`, { headers: { 'X-Vault-Token': token } });
    return answer.status === 200;
  });
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 30_000;
  while (!(await condition().catch(() => false))) {
    if (performance.now() > deadline) throw new Error('Vault does not become active');
  }
}

async function send(
  address: string,
  method: 'POST' | 'PUT',
  path: string,
  { token, body = {} }: { readonly token?: string; readonly body?: unknown },
): Promise<unknown> {
  const answer = await fetch(`${address}/v1/${path}`, {
    method,
    body: JSON.stringify(body),
    ...(token === undefined ? {} : { headers: { 'X-Vault-Token': token } }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`Vault answered ${answer.status} to ${method} ${path}: ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}
