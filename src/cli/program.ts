/** The `tenantry` program: all commands, and how wrong usage ends. */
import { Command, CommanderError } from 'commander';
import { TenantryError } from '../errors.ts';
import { version } from '../version.ts';
import { airbyteCommand } from './airbyte.ts';
import { apiKeysCommand } from './api-keys.ts';
import { applyCommand } from './apply.ts';
import { claimCommand } from './claim.ts';
import { type CommandContext, type ExitCode, report } from './command.ts';
import { connectCommand } from './connect.ts';
import { credentialsCommand } from './credentials.ts';
import { destroyCommand } from './destroy.ts';
import { devCommand } from './dev.ts';
import { doctorCommand } from './doctor.ts';
import { importCommand } from './import.ts';
import type { Io } from './io.ts';
import { migrateCommand } from './migrate.ts';
import { operatorCommand } from './operator.ts';
import { planCommand } from './plan.ts';
import { previewCommand } from './preview.ts';
import { rotateCommand } from './rotate.ts';
import { schemaCommand } from './schema.ts';
import { sidecarCommand } from './sidecar.ts';
import { statusCommand } from './status.ts';
import { syncCommand } from './sync.ts';
import { syncsCommand } from './syncs.ts';
import { usageCommand } from './usage.ts';
import { validateCommand } from './validate.ts';

/** The program with every command; also what the reference page is checked against. */
export function createProgram(context: CommandContext): Command {
  const program = new Command('tenantry')
    .description(
      'Connects your customers to third-party services: YAML in git becomes Vault, Postgres and Airbyte.',
    )
    .version(version(), '-V, --version')
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      `
Start here:
  tenantry dev         run everything on this machine, with nothing to install
  tenantry validate    check your documents
  tenantry doctor      check your own Vault, Postgres and Airbyte
  tenantry plan        see what would change

Exit codes: 0 as wanted, 2 there are changes (plan, status), 1 something failed.
Each command has examples: tenantry <command> --help`,
    );
  const commands = [
    validateCommand,
    importCommand,
    planCommand,
    applyCommand,
    statusCommand,
    destroyCommand,
    claimCommand,
    connectCommand,
    previewCommand,
    syncCommand,
    syncsCommand,
    usageCommand,
    credentialsCommand,
    apiKeysCommand,
    rotateCommand,
    operatorCommand,
    sidecarCommand,
    migrateCommand,
    doctorCommand,
    airbyteCommand,
    schemaCommand,
    devCommand,
  ];
  for (const make of commands) program.addCommand(make(context));
  return program;
}

/** Runs one command line. Never throws and never ends the process. */
export async function run(args: readonly string[], io: Io): Promise<ExitCode> {
  let code: ExitCode = 0;
  const context: CommandContext = {
    io,
    exit: (next) => {
      code = next;
    },
  };
  const program = createProgram(context);
  let failed = program;
  // Errors are told by `report`, in our own form; help goes where it is asked to.
  for (const command of withSubcommands(program)) {
    command
      .exitOverride((error) => {
        failed = command;
        throw error;
      })
      .configureOutput({ writeOut: io.out, writeErr: io.out, outputError: () => undefined });
  }
  await report(context, { output: wantsJson(args) ? 'json' : 'text' }, async () => {
    try {
      await program.parseAsync([...args], { from: 'user' });
    } catch (error) {
      if (!(error instanceof CommanderError)) throw error;
      if (error.exitCode === 0) return 0;
      // A group of commands alone: commander has shown its help.
      if (error.code === 'commander.help') return 1;
      throw usageError(error, failed);
    }
    return code;
  });
  return code;
}

function usageError(error: CommanderError, command: Command): TenantryError {
  const [first = '', ...more] = error.message.split('\n');
  const meant = /^\(Did you mean (.+)\?\)$/.exec(more.join(' '))?.[1];
  const help = `\`${pathOf(command)} --help\` shows what there is`;
  return new TenantryError('InvalidUsage', first.replace(/^error: /, '').replace(/\.$/, ''), {
    hint: meant === undefined ? help : `did you mean ${meant}? ${help}`,
  });
}

function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}

/** Asked of the words themselves: a command line that cannot be parsed has no options. */
function wantsJson(args: readonly string[]): boolean {
  return args.some(
    (word, index) =>
      /^(--output=|-o=?)json$/.test(word) ||
      (word === 'json' && /^(-o|--output)$/.test(args[index - 1] ?? '')),
  );
}

function withSubcommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(withSubcommands)];
}
