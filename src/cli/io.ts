/** What a command reads and writes; tests hand in their own. */
import { styleText } from 'node:util';

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
  /** Colours for what goes to `out`; plain text where that is no terminal or NO_COLOR is set. */
  style(style: Style, text: string): string;
  /** Everything on standard input. */
  readInput(): Promise<string>;
  /** First signal of a person who wants to stop. */
  readonly stop: AbortSignal;
  /** Second one: now. */
  readonly abort: AbortSignal;
}

/** The real process. */
export function processIo(): Io & { dispose(): void } {
  const stop = new AbortController();
  const abort = new AbortController();
  const onSignal = (): void => {
    if (stop.signal.aborted) {
      abort.abort();
      return;
    }
    process.stderr.write(
      '\nstopping: what is under way is finished first; press Ctrl-C again to stop at once\n',
    );
    stop.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    env: process.env,
    cwd: process.cwd(),
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    interactive: process.stdin.isTTY === true && process.stderr.isTTY === true && !process.env['CI'],
    progress: process.stderr.isTTY === true && !process.env['CI'],
    style: (style, text) => styleText(style, text, { stream: process.stdout }),
    readInput: () => readAll(process.stdin),
    stop: stop.signal,
    abort: abort.signal,
    dispose: () => {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}

async function readAll(stream: AsyncIterable<Buffer | string>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}
