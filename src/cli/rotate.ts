/** `tenantry rotate`: a new version of a tenant's key, with every credential brought to it. */
import type { Command } from 'commander';
import { rotate } from '../credentials/rotate.ts';
import { type CommandContext, type ExitCode, report, stackCommand, writeJson } from './command.ts';
import { withStackLock } from './execute.ts';
import { requireTenant, type StackOptions, withSession } from './session.ts';

interface RotateOptions extends StackOptions {
  readonly raiseMinimum?: boolean;
}

export function rotateCommand(context: CommandContext): Command {
  return stackCommand('rotate', {
    summary: "rotate a tenant's key and rewrap its credentials",
    description:
      "Makes a new version of the tenant's Transit key and brings every stored credential to it, inside Vault. Every credential can be read at any moment. A run that was cut off is gone on with by the next.\nExit code 0: done; 1: something failed.",
    examples: ['tenantry rotate acme --stack prod', 'tenantry rotate acme --stack prod --raise-minimum'],
  })
    .argument('<tenant>', 'name of the tenant')
    .option('--raise-minimum', 'afterwards let older versions of the key decrypt nothing (old backups too)')
    .action((tenant: string, options: RotateOptions) =>
      report(context, options, () => rotateTenant(tenant, options, context)),
    );
}

async function rotateTenant(
  tenant: string,
  options: RotateOptions,
  { io }: CommandContext,
): Promise<ExitCode> {
  return withSession(options, io, (session) =>
    withStackLock(session, io, async (stop) => {
      requireTenant(tenant, session);
      const rotation = await rotate(session.world.vault, tenant, {
        signal: stop,
        raiseMinimum: options.raiseMinimum ?? false,
        onProgress: (done, total) => io.err(`  ${done}/${total} credentials\n`),
      });
      if (options.output === 'json') writeJson(io, { tenant, ...rotation });
      else {
        const resumed = rotation.resumed ? ' (a run that was cut off was gone on with)' : '';
        io.out(
          `${tenant}: key version ${rotation.keyVersion}${resumed}; ${rotation.rewrapped} credentials rewrapped, ${rotation.current} were current.\n`,
        );
      }
      return 0 as const;
    }),
  );
}
