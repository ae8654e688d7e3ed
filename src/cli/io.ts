/** What a command reads and writes; tests hand in their own. */
import { styleText } from 'node:util';
import { TenantryError } from '../errors.ts';

export type Style = Parameters<typeof styleText>[0];

export interface Io {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** Results: the table, the plan, the JSON document. */
  out(text: string): void;
  /** Progress, questions, warnings and errors. */
  err(text: string): void;
  /** True when a person sits at both ends. */
  readonly interactive: boolean;
  /** True when progress may be drawn over itself. */
  readonly progress: boolean;
  /** Characters in a line of the terminal. */
  readonly columns: number;
  /** Colours for what goes to `out`; plain text where that is no terminal or NO_COLOR is set. */
  style(style: Style, text: string): string;
  /** Everything on standard input. */
  readInput(): Promise<string>;
  /** First signal of a person who wants to stop. */
  readonly stop: AbortSignal;
  /** Second one: now. */
  readonly abort: AbortSignal;
}

export interface ProcessIo extends Io {
  /** The exit code that counts: 1 when a result could not be written. */
  finish(code: number): number;
  dispose(): void;
}

/** After the second Ctrl-C calls in flight are cut off; what does not end by that is left behind. */
const LAST_WAIT_MS = 3_000;

/** The real process. */
export function processIo(): ProcessIo {
  const signals = listenToSignals();
  const output = guardOutput();
  const { stdin, stderr, env } = process;
  const terminal = stderr.isTTY === true && !env['CI'];
  return {
    env,
    cwd: process.cwd(),
    out: (text) => output.write(text),
    err: (text) => void stderr.write(text),
    interactive: stdin.isTTY === true && terminal,
    progress: terminal,
    // A terminal that does not know its size says 0.
    columns: stderr.columns || 80,
    style: (style, text) => styleText(style, text, { stream: process.stdout }),
    readInput: () => readAll(stdin, signals.stop),
    stop: signals.stop,
    abort: signals.abort,
    finish: (code) => (output.failed() ? 1 : code),
    dispose: signals.dispose,
  };
}

function listenToSignals(): { stop: AbortSignal; abort: AbortSignal; dispose(): void } {
  const stop = new AbortController();
  const abort = new AbortController();
  const onSignal = (): void => {
    if (stop.signal.aborted) {
      abort.abort();
      setTimeout(() => process.exit(1), LAST_WAIT_MS).unref();
      return;
    }
    process.stderr.write('\nstopping: what is under way is finished; press Ctrl-C again to stop at once\n');
    stop.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  const dispose = (): void => {
    process.off('SIGINT', onSignal);
    process.off('SIGTERM', onSignal);
  };
  return { stop: stop.signal, abort: abort.signal, dispose };
}

/** A reader that went away (`| head`) is no failure; a full disk behind `>` is one, and must not pass for success. */
function guardOutput(): { write(text: string): void; failed(): boolean } {
  let gone = false;
  let failed = false;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (gone) return;
    gone = true;
    if (error.code === 'EPIPE') return;
    failed = true;
    process.exitCode = 1;
    process.stderr.write(`NotWritable: the output cannot be written: ${error.message}\n`);
  });
  process.stderr.on('error', () => undefined);
  return {
    write: (text) => {
      if (!gone) process.stdout.write(text);
    },
    failed: () => failed,
  };
}

async function readAll(stream: NodeJS.ReadStream, stop: AbortSignal): Promise<string> {
  const stopped = (): TenantryError => new TenantryError('Cancelled', 'stopped while reading standard input');
  if (stop.aborted) throw stopped();
  const chunks: Buffer[] = [];
  const end = (): void => void stream.destroy();
  stop.addEventListener('abort', end, { once: true });
  try {
    for await (const chunk of stream as AsyncIterable<Buffer | string>) chunks.push(Buffer.from(chunk));
  } catch (error) {
    if (!stop.aborted) throw error;
  } finally {
    stop.removeEventListener('abort', end);
  }
  if (stop.aborted) throw stopped();
  return Buffer.concat(chunks).toString('utf8');
}
