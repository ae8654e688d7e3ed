/** The Vault of the compose file without a container: deploy/vault/vault.hcl and init.sh, on a folder and ports of a test. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../src/dev/free-port.ts';
import { type EngineProcess, onFreePorts, startEngine } from '../support/engines/engine-process.ts';

const DEPLOY = join(import.meta.dirname, '..', '..', 'deploy', 'vault');

export interface DeployedVault {
  readonly address: string;
  /** The volume of the unseal key and the root token. */
  readonly secrets: string;
  /** The volume of the sidecar's token. */
  readonly sidecarSecrets: string;
  /** Runs init.sh; rejects when it fails. */
  init(): Promise<string>;
  /** Runs the `vault` program; standard output. */
  vault(...args: string[]): Promise<string>;
  /** Asks the API with a token. */
  read(path: string, token: string, method?: 'GET' | 'POST'): Promise<{ status: number; data: Answer }>;
  /** Ends Vault and starts it again; it is sealed then. */
  restart(): Promise<void>;
  health(): Promise<number>;
  close(): Promise<void>;
}

type Answer = Readonly<Record<string, unknown>>;

/** Started and not initialised. */
export function startDeployedVault(program: string): Promise<DeployedVault> {
  return onFreePorts(() => start(program));
}

async function start(program: string): Promise<DeployedVault> {
  const folder = await mkdtemp(join(tmpdir(), 'tenantry-deploy-vault-'));
  const in_ = (name: string): string => join(folder, name);
  const [port, clusterPort] = [await freePort(), await freePort()];
  const address = `http://127.0.0.1:${port}`;
  for (const name of ['file', 'bin', 'home', 'secrets', 'sidecar-secrets']) await mkdir(in_(name));
  await symlink(program, in_('bin/vault'));
  const changes: readonly (readonly [string, string])[] = [
    ['"/vault/file"', JSON.stringify(in_('file'))],
    ['"0.0.0.0:8200"', `"127.0.0.1:${port}"`],
    ['"http://vault:8200"', `"${address}"`],
    ['"http://vault:8201"', `"http://127.0.0.1:${clusterPort}"`],
  ];
  await writeFile(in_('vault.hcl'), await replaced(join(DEPLOY, 'vault.hcl'), changes));
  const health = async (): Promise<number> => (await fetch(`${address}/v1/sys/health`)).status;
  const startServer = (status: number): Promise<EngineProcess> =>
    startEngine({
      command: [program, 'server', `-config=${in_('vault.hcl')}`],
      folder,
      isReady: async () => (await health()) === status,
    });
  const env = {
    PATH: `${in_('bin')}${delimiter}${process.env['PATH'] ?? ''}`,
    HOME: in_('home'),
    VAULT_ADDR: address,
    SECRETS: in_('secrets'),
    SIDECAR_SECRETS: in_('sidecar-secrets'),
  };
  const run = async (file: string, args: readonly string[]): Promise<string> =>
    (await promisify(execFile)(file, [...args], { env })).stdout;
  // 501: not initialised; 503: sealed.
  let engine = await startServer(501);
  return {
    address,
    secrets: env.SECRETS,
    sidecarSecrets: env.SIDECAR_SECRETS,
    init: () => run('sh', [join(DEPLOY, 'init.sh')]),
    vault: (...args) => run('vault', args),
    async read(path, token, method = 'GET') {
      const answer = await fetch(`${address}/v1/${path}`, { method, headers: { 'X-Vault-Token': token } });
      const { data } = (await answer.json()) as { data?: Answer };
      return { status: answer.status, data: data ?? {} };
    },
    async restart() {
      await engine.stop({ keepFolder: true });
      engine = await startServer(503);
    },
    health,
    close: () => engine.stop(),
  };
}

/** @throws where the file has no longer what is to be replaced */
async function replaced(file: string, changes: readonly (readonly [string, string])[]): Promise<string> {
  let text = await readFile(file, 'utf8');
  for (const [from, to] of changes) {
    if (!text.includes(from)) throw new Error(`${file} has no ${from}`);
    text = text.replaceAll(from, to);
  }
  return text;
}
