/** `tenantry apply`: makes Vault, Postgres and Airbyte match the documents. */
import type { Command } from 'commander';
import { prepare } from '../reconcile/run.ts';
import { type CommandContext, type ExitCode, report, stackCommand, tenantOption } from './command.ts';
import { confirmYes } from './confirm.ts';
import { carryOut, withStackLock } from './execute.ts';
import { type StackOptions, withSession } from './session.ts';

interface ApplyOptions extends StackOptions {
  readonly yes?: boolean;
}

export function applyCommand(context: CommandContext): Command {
  return stackCommand(
    'apply',
    'make the systems match the documents',
    'Plans, asks, and makes Vault, Postgres and Airbyte match the documents. It may be stopped or killed at any moment\nand run again: it goes on where it ended.',
  )
    .addOption(tenantOption())
    .option('-y, --yes', 'do not ask (for CI)')
    .addHelpText(
      'after',
      '\nExamples:\n  tenantry apply --stack prod\n  tenantry apply --stack prod --yes --output json\n  tenantry apply --stack prod --tenant acme globex',
    )
    .action((options: ApplyOptions) => report(context, options.output, () => applyStack(options, context)));
}

async function applyStack(options: ApplyOptions, { io }: CommandContext): Promise<ExitCode> {
  return withSession(options, io, (session) =>
    withStackLock(session, io, async (stop) => {
      const prepared = await prepare(session);
      const ask = async (changes: number): Promise<void> => {
        if (!options.yes) await confirmYes(io, `Make these ${changes} changes?`);
      };
      return carryOut({ session, prepared, stop, output: options.output, ask }, io);
    }),
  );
}
