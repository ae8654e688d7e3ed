/** `tenantry apply`: makes Vault, Postgres and Airbyte match the documents. */
import type { Command } from 'commander';
import { type CommandContext, type ExitCode, report, stackCommand, tenantOption } from './command.ts';
import { confirmYes } from './confirm.ts';
import { carryOut, look, withStackLock } from './execute.ts';
import { count } from './format/show.ts';
import { type StackOptions, withSession } from './session.ts';

interface ApplyOptions extends StackOptions {
  readonly yes?: boolean;
}

export function applyCommand(context: CommandContext): Command {
  return stackCommand('apply', {
    summary: 'make the systems match the documents',
    description:
      'Shows the plan, asks, and makes Vault, Postgres and Airbyte match the documents. It may be stopped or killed at any moment and run again: it goes on where it ended.\nExit code 0: done, or waiting for something that others must bring; 1: not everything was done.',
    examples: [
      'tenantry apply --stack prod',
      'tenantry apply --stack prod --yes --output json',
      'tenantry apply --stack prod --tenant acme globex',
    ],
  })
    .addOption(tenantOption())
    .option('-y, --yes', 'do not ask (for CI)')
    .action((options: ApplyOptions) => report(context, options, () => applyStack(options, context)));
}

async function applyStack(options: ApplyOptions, { io }: CommandContext): Promise<ExitCode> {
  return withSession(options, io, (session) =>
    withStackLock(session, io, async (stop) => {
      const prepared = await look(session, io);
      const ask = async (changes: number): Promise<void> => {
        if (!options.yes) await confirmYes(io, `Make ${count(changes, 'change')}?`);
      };
      return carryOut({ session, prepared, stop, options, ask }, io);
    }),
  );
}
