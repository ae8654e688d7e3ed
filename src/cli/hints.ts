/** Completes the commands that hints name, so that they can be copied: with the stack and environment file of this run. */
import type { StackOptions } from './session.ts';

export type Hint = (text: string) => string;

const WITH_STACK =
  /^(validate|plan|apply|status|destroy|claim|import|connect|credentials|api-keys|rotate|sidecar|migrate|doctor)\b/;

/** A command stands in backticks, or at the end of a sentence after a colon, or alone. */
const COMMANDS = [/(`)tenantry ([^`]+)(?=`)/g, /(^|: )tenantry ([^`]+)$/g];

/** @param options as the person gave them; what the environment says need not be repeated */
export function completeHints(options: Partial<Pick<StackOptions, 'stack' | 'envFile'>>): Hint {
  const flags = [
    ...(options.stack === undefined ? [] : [`--stack ${quoted(options.stack)}`]),
    ...(options.envFile === undefined ? [] : [`--env-file ${quoted(options.envFile)}`]),
  ];
  if (flags.length === 0) return (text) => text;
  return (text) =>
    COMMANDS.reduce(
      (done, pattern) =>
        done.replace(pattern, (all: string, before: string, command: string) =>
          WITH_STACK.test(command) && !command.includes('--stack')
            ? `${before}tenantry ${[command, ...flags].join(' ')}`
            : all,
        ),
      text,
    );
}

/** A word as a POSIX shell takes it. */
function quoted(word: string): string {
  return /^[\w./:@%+,=-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
