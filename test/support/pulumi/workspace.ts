/** A Pulumi project in a folder of its own, run with the real CLI and a file backend. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { resolveEngine } from '../../engines/resolve.ts';
import { type RunEvents, readEvents } from './events.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
/** Language host, and the small plugins for Vault and Postgres. */
const PLUGINS = join(import.meta.dirname, 'bin');

/** What a project needs of the code; a clone has `src`, a package `dist`. */
const CODE = ['bin', 'catalog', 'dist', 'node_modules', 'package.json', 'src'];

export interface WorkspaceOptions {
  /** Variables of the systems; nothing else of the test's own environment reaches Pulumi. */
  readonly env: Readonly<Record<string, string>>;
  /** Files of the project by path; `Pulumi.yaml` is the repository's own unless it is one of them. */
  readonly files?: Readonly<Record<string, string>>;
  /** Folder with the code. Default: the repository. */
  readonly root?: string;
  /** Where other projects keep their state too. Default: a folder of this project. */
  readonly backend?: string;
  /** Limit of one command in milliseconds. Default 120,000. */
  readonly timeoutMs?: number;
}

export interface PulumiRun extends RunEvents {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /**
   * Everything that the run left to read, for canaries: both streams and the engine's events. Without the events of
   * severity debug: in them Pulumi's SDK itself prints the outputs of each resource in clear, secrets included.
   */
  readonly text: string;
  readonly wallMs: number;
}

/** A command that is under way. */
export interface RunningPulumi {
  readonly child: ChildProcess;
  readonly done: Promise<PulumiRun>;
}

export interface RunOptions {
  /** Default: that of `stack()`. */
  readonly stack?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Steps at once. Default: Pulumi's own. */
  readonly args?: readonly string[];
}

/** A deployment as `pulumi stack export` writes it. */
export interface ExportedState {
  readonly deployment: {
    readonly resources?: readonly ExportedResource[];
    /** What was under way when the engine was killed. */
    readonly pending_operations?: readonly { readonly type: string; readonly resource: ExportedResource }[];
  };
}

export interface ExportedResource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  /** Frames of the program, from the constructor on. */
  readonly stackTrace?: readonly unknown[];
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
  readonly parent?: string;
  readonly dependencies?: readonly string[];
  readonly propertyDependencies?: Readonly<Record<string, readonly string[] | null>>;
  readonly protect?: boolean;
  readonly retainOnDelete?: boolean;
}

export interface PulumiWorkspace {
  readonly folder: string;
  /** For other workspaces that shall share the state. */
  readonly backend: string;
  readonly env: Readonly<Record<string, string>>;
  write(file: string, text: string): Promise<void>;
  remove(file: string): Promise<void>;
  /** Makes a stack and uses it from now on. */
  initStack(name: string): Promise<void>;
  setConfig(key: string, value: string, options?: RunOptions & { readonly secret?: boolean }): Promise<void>;
  preview(options?: RunOptions): Promise<PulumiRun>;
  up(options?: RunOptions): Promise<PulumiRun>;
  startUp(options?: RunOptions): RunningPulumi;
  refresh(options?: RunOptions): Promise<PulumiRun>;
  destroy(options?: RunOptions): Promise<PulumiRun>;
  /** `pulumi import`; the object is protected from then on, as Pulumi does unless told otherwise. */
  import(type: string, name: string, id: string, options?: RunOptions): Promise<PulumiRun>;
  cancel(options?: RunOptions): Promise<PulumiRun>;
  exportState(options?: RunOptions): Promise<{ readonly state: ExportedState; readonly text: string }>;
  /** Replaces the state by a text that `exportState` gave, e.g. with resources left out. */
  importState(text: string, options?: RunOptions): Promise<void>;
  outputs(options?: RunOptions): Promise<Record<string, unknown>>;
  /** Any command. Rejects only when it cannot be started. */
  run(args: readonly string[], options?: RunOptions): Promise<PulumiRun>;
  close(): Promise<void>;
}

export async function pulumiWorkspace(options: WorkspaceOptions): Promise<PulumiWorkspace> {
  const program = await resolveEngine('pulumi');
  const folder = await mkdtemp(join(tmpdir(), 'tenantry-pulumi-'));
  const backend = options.backend ?? join(folder, 'state');
  await Promise.all([mkdir(backend, { recursive: true }), mkdir(join(folder, 'events'))]);
  // The code stays where it is, and Pulumi's own files (Pulumi.<stack>.yaml) are the test's.
  const root = options.root ?? ROOT;
  for (const name of CODE) {
    if (existsSync(join(root, name))) await symlink(join(root, name), join(folder, name));
  }
  const write = async (file: string, text: string): Promise<void> => {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), text);
  };
  const project = options.files?.['Pulumi.yaml'] ?? (await readFile(join(ROOT, 'Pulumi.yaml'), 'utf8'));
  await write('Pulumi.yaml', project);
  for (const [file, text] of Object.entries(options.files ?? {})) await write(file, text);
  const env = { ...pulumiEnvironment(folder, backend), ...options.env };
  let current = '';
  let runs = 0;

  const start = (args: readonly string[], more: RunOptions = {}): RunningPulumi => {
    runs += 1;
    const log = join(folder, 'events', `${runs}.json`);
    const stack = more.stack ?? current;
    const all = [...args, ...(more.args ?? []), ...(stack ? ['--stack', stack] : [])];
    return startPulumi(program, withEventLog(all, log), {
      cwd: folder,
      env: { ...env, ...more.env },
      log,
      timeoutMs: options.timeoutMs ?? 120_000,
    });
  };
  const run = (args: readonly string[], more?: RunOptions): Promise<PulumiRun> => start(args, more).done;
  const must = async (args: readonly string[], more?: RunOptions): Promise<PulumiRun> => {
    const result = await run(args, more);
    if (result.code !== 0) throw new Error(`pulumi ${args.join(' ')}: ${result.stdout}${result.stderr}`);
    return result;
  };
  return {
    folder,
    backend,
    env,
    write,
    remove: (file) => rm(join(folder, file), { recursive: true, force: true }),
    async initStack(name) {
      current = '';
      await must(['stack', 'init', name]);
      current = name;
    },
    async setConfig(key, value, more = {}) {
      await must(['config', 'set', key, value, ...(more.secret ? ['--secret'] : [])], more);
    },
    preview: (more) => run(['preview', '--diff'], more),
    up: (more) => run(['up', '--yes', '--skip-preview'], more),
    startUp: (more) => start(['up', '--yes', '--skip-preview'], more),
    refresh: (more) => run(['refresh', '--yes', '--skip-preview'], more),
    destroy: (more) => run(['destroy', '--yes', '--skip-preview'], more),
    import: (type, name, id, more) =>
      run(['import', type, name, id, '--yes', '--skip-preview', '--generate-code=false'], more),
    cancel: (more) => run(['cancel', '--yes'], more),
    async exportState(more) {
      const { stdout } = await must(['stack', 'export'], more);
      return { state: JSON.parse(stdout) as ExportedState, text: stdout };
    },
    async importState(text, more) {
      await write('events/state.json', text);
      await must(['stack', 'import', '--file', join(folder, 'events', 'state.json')], more);
    },
    async outputs(more) {
      const { stdout } = await must(['stack', 'output', '--json'], more);
      return JSON.parse(stdout) as Record<string, unknown>;
    },
    run,
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

function pulumiEnvironment(folder: string, backend: string): Record<string, string> {
  return {
    PATH: [PLUGINS, dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter),
    HOME: folder,
    PULUMI_HOME: join(folder, 'home'),
    // With metadata a kill can leave an empty .attrs file beside the state, which then cannot be loaded.
    PULUMI_BACKEND_URL: `file://${backend}?metadata=skip`,
    PULUMI_CONFIG_PASSPHRASE: 'passphrase-of-a-test',
    PULUMI_SKIP_UPDATE_CHECK: '1',
    // Gives the commands the flag --event-log.
    PULUMI_DEBUG_COMMANDS: 'true',
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: 'true',
    NO_COLOR: '1',
  };
}

const WITH_EVENTS = new Set(['preview', 'up', 'refresh', 'destroy', 'import']);

function withEventLog(args: readonly string[], log: string): string[] {
  const flags = ['--non-interactive', '--color', 'never'];
  return WITH_EVENTS.has(args[0] ?? '') ? [...args, ...flags, '--event-log', log] : [...args, ...flags];
}

function startPulumi(
  program: string,
  args: readonly string[],
  how: {
    readonly cwd: string;
    readonly env: Readonly<Record<string, string>>;
    readonly log: string;
    readonly timeoutMs: number;
  },
): RunningPulumi {
  const started = performance.now();
  const child = spawn(program, args, {
    cwd: how.cwd,
    env: how.env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: how.timeoutMs,
    killSignal: 'SIGKILL',
  });
  const written = { stdout: '', stderr: '' };
  child.stdout.on('data', (text: Buffer) => {
    written.stdout += text.toString();
  });
  child.stderr.on('data', (text: Buffer) => {
    written.stderr += text.toString();
  });
  const done = new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    // Not `close`: after a kill the plugins may hold the streams for a moment longer.
    child.once('exit', (code) => resolve(code ?? -1));
  }).then(async (code): Promise<PulumiRun> => {
    const wallMs = performance.now() - started;
    const log = await readFile(how.log, 'utf8').catch(() => '');
    const told = log.split('\n').filter((line) => !line.includes('"severity":"debug"'));
    const text = [written.stdout, written.stderr, ...told].join('\n');
    return { code, ...written, text, wallMs, ...readEvents(log) };
  });
  return { child, done };
}
