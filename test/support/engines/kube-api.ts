/** A real kube-apiserver on its own etcd, for one test file: a clean one each time, gone when the test is. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../../src/dev/free-port.ts';
import { resolveEngine } from '../../engines/resolve.ts';
import { type EngineOrder, type EngineProcess, onFreePorts, startEngine } from './engine-process.ts';

export interface KubeApi {
  /** e.g. `https://127.0.0.1:6443` */
  readonly url: string;
  /** PEM of the certificate to trust. */
  readonly ca: string;
  /** Bearer token of a member of `system:masters`. */
  readonly adminToken: string;
  /** Text of a kubeconfig for the administrator. */
  readonly kubeconfig: string;
  /** The same as a file. */
  readonly kubeconfigFile: string;
  /** A call as the administrator. Rejects only when there is no answer. */
  call(method: string, path: string, options?: KubeCallOptions): Promise<KubeAnswer>;
  /** etcd stands still (SIGSTOP): it answers nobody, and its connections stay open. Resolves when it is so. */
  pauseEtcd(): Promise<void>;
  resumeEtcd(): void;
  /** The API server stands still in the same way. */
  pauseServer(): Promise<void>;
  resumeServer(): void;
  /** Ends the API server: with SIGTERM it says goodbye to watches, with SIGKILL it does not. Default SIGTERM. */
  stopServer(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Starts it again after stopServer: same port, certificate, tokens and data. Resolves when it is ready. */
  startServer(): Promise<void>;
  close(): Promise<void>;
}

export interface KubeApiOptions {
  /** More arguments for the API server, e.g. `--etcd-compaction-interval=1s`. */
  readonly serverArguments?: readonly string[];
}

export interface KubeCallOptions {
  /** Sent as it is when it is text, else as JSON. */
  readonly body?: unknown;
  /** Default application/json. */
  readonly contentType?: string;
  /** In place of the administrator's. */
  readonly token?: string;
}

export interface KubeAnswer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

interface Access {
  readonly port: number;
  readonly ca: string;
  readonly token: string;
}

/**
 * Starts etcd and the API server with RBAC. There is no controller manager: namespaces never finish terminating, and
 * nothing collects what owner references point to.
 */
export function startKubeApi(options: KubeApiOptions = {}): Promise<KubeApi> {
  return onFreePorts(() => startBoth(options));
}

async function startBoth({ serverArguments = [] }: KubeApiOptions): Promise<KubeApi> {
  const folder = await mkdtemp(join(tmpdir(), 'tenantry-kube-'));
  // The folder is etcd's, so that all of it goes with etcd when the test crashes.
  const etcd = await startEtcd(folder);
  try {
    const order = await prepareServer({ folder, etcdUrl: etcd.url, serverArguments });
    let server: EngineProcess | undefined = await startEngine(order);
    const access = await order.access();
    const kubeconfig = kubeconfigOf(access);
    const kubeconfigFile = join(folder, 'kubeconfig.json');
    await writeFile(kubeconfigFile, kubeconfig, { mode: 0o600 });
    return {
      url: `https://127.0.0.1:${access.port}`,
      ca: access.ca,
      adminToken: access.token,
      kubeconfig,
      kubeconfigFile,
      call: (method, path, options) => call(access, { method, path, ...options }),
      pauseEtcd: () => pause(etcd.process),
      resumeEtcd: () => signalTo(etcd.process, 'SIGCONT'),
      pauseServer: () => pause(server),
      resumeServer: () => signalTo(server, 'SIGCONT'),
      async stopServer(signal = 'SIGTERM') {
        if (signal === 'SIGKILL') signalTo(server, signal);
        await server?.stop({ keepFolder: true });
        server = undefined;
      },
      async startServer() {
        server ??= await startEngine(order);
      },
      async close() {
        // What stands still would not hear that it is to end.
        signalTo(etcd.process, 'SIGCONT');
        signalTo(server, 'SIGCONT');
        await server?.stop();
        await etcd.process.stop();
      },
    };
  } catch (error) {
    await etcd.process.stop();
    throw error;
  }
}

async function startEtcd(folder: string): Promise<{ url: string; process: EngineProcess }> {
  const program = await resolveEngine('etcd');
  const url = `http://127.0.0.1:${await freePort()}`;
  const peer = `http://127.0.0.1:${await freePort()}`;
  const process = await startEngine({
    command: [
      program,
      `--data-dir=${join(folder, 'etcd')}`,
      `--listen-client-urls=${url}`,
      `--advertise-client-urls=${url}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
      '--log-level=warn',
      // The data need not survive the test.
      '--unsafe-no-fsync',
    ],
    folder,
    isReady: async () => (await fetch(`${url}/health`)).ok,
  });
  return { url, process };
}

function signalTo(engine: EngineProcess | undefined, signal: NodeJS.Signals): void {
  try {
    if (engine !== undefined) process.kill(engine.pid, signal);
  } catch (error) {
    // It ended by itself meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** The signal is taken in by one thread after the other, and until then some still answer. */
async function pause(engine: EngineProcess | undefined): Promise<void> {
  if (engine === undefined) return;
  signalTo(engine, 'SIGSTOP');
  while (!(await standsStill(engine.pid))) await delay(5);
}

/** Asks Linux; elsewhere nobody can tell, and it is taken for granted. */
async function standsStill(pid: number): Promise<boolean> {
  const tasks = `/proc/${pid}/task`;
  const threads = await readdir(tasks).catch(() => []);
  const states = await Promise.all(
    threads.map((thread) => readFile(join(tasks, thread, 'stat'), 'utf8').catch(() => ') T')),
  );
  // The state comes after the program's name, which is in brackets.
  return states.every((state) => state.slice(state.lastIndexOf(')')).startsWith(') T'));
}

interface ServerOrder extends EngineOrder {
  /** Known once it has started. */
  readonly access: () => Promise<Access>;
}

interface ServerPlace {
  readonly folder: string;
  readonly etcdUrl: string;
  readonly serverArguments: readonly string[];
}

/** Everything that stays the same when the API server starts again. */
async function prepareServer({ folder, etcdUrl, serverArguments }: ServerPlace): Promise<ServerOrder> {
  const program = await resolveEngine('kube-apiserver');
  const home = join(folder, 'apiserver');
  const port = await freePort();
  const token = randomBytes(24).toString('hex');
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const files = {
    'tokens.csv': `${token},admin,admin,"system:masters"\n`,
    'accounts.key': privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
    'accounts.pub': publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(folder, name), text, { mode: 0o600 });
  }
  const certificate = join(home, 'certificates', 'apiserver.crt');
  const access = async (): Promise<Access> => ({ port, token, ca: await readFile(certificate, 'utf8') });
  return {
    access,
    command: [
      program,
      `--etcd-servers=${etcdUrl}`,
      `--secure-port=${port}`,
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      `--cert-dir=${join(home, 'certificates')}`,
      `--token-auth-file=${join(folder, 'tokens.csv')}`,
      '--authorization-mode=RBAC',
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-key-file=${join(folder, 'accounts.pub')}`,
      `--service-account-signing-key-file=${join(folder, 'accounts.key')}`,
      '--service-cluster-ip-range=10.0.0.0/24',
      // Without a controller manager no namespace ever gets its default account.
      '--disable-admission-plugins=ServiceAccount',
      ...serverArguments,
    ],
    folder: home,
    isReady: async () => (await call(await access(), { method: 'GET', path: '/readyz' })).status === 200,
  };
}

/** YAML is a superset of JSON, and every client reads it so. */
function kubeconfigOf({ port, ca, token }: Access): string {
  const server = `https://127.0.0.1:${port}`;
  const authority = Buffer.from(ca).toString('base64');
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority-data': authority } }],
    users: [{ name: 'admin', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    'current-context': 'test',
  });
}

type KubeCall = KubeCallOptions & { readonly method: string; readonly path: string };

function call(access: Access, { method, path, body, contentType, token }: KubeCall): Promise<KubeAnswer> {
  const text = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
  const headers = {
    Accept: 'application/json',
    Authorization: `Bearer ${token ?? access.token}`,
    'Content-Type': contentType ?? 'application/json',
  };
  const { port, ca } = access;
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, path, method, ca, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('error', reject);
      answer.on('end', () => {
        const received = Buffer.concat(chunks).toString();
        const parsed = received.startsWith('{') ? (JSON.parse(received) as Record<string, unknown>) : {};
        resolve({ status: answer.statusCode ?? 0, body: parsed });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(text);
  });
}
