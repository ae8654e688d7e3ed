/** Completes the commands that a text names, so that they can be copied as they stand. */

/** A command stands in backticks, or at the end of a sentence after a colon, or alone. */
const COMMANDS = [/(`)tenantry ([^`]+)(?=`)/g, /(^|: )tenantry ([^`]+)$/g];

export interface Completion {
  /** Which commands take the options, by how they begin after `tenantry `. */
  readonly of: RegExp;
  /** Put behind each; the first word of one tells whether a command has it already. */
  readonly options: readonly string[];
}

export function completeCommands(text: string, { of, options }: Completion): string {
  if (options.length === 0) return text;
  return COMMANDS.reduce(
    (done, pattern) =>
      done.replace(pattern, (all: string, before: string, command: string) => {
        if (!of.test(command)) return all;
        const missing = options.filter((option) => !command.includes(option.split(' ', 1)[0] ?? option));
        return `${before}tenantry ${[command, ...missing].join(' ')}`;
      }),
    text,
  );
}

/** The commands that read custom resources where they are told to. */
export const WITH_DOCUMENTS =
  /^(plan|status|connect|preview|syncs?|usage|credentials|api-keys (create|list))\b/;
