/** `tenantry destroy`: takes a tenant away, as its deletion policies say. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { TenantryError } from '../errors.ts';
import { prepare } from '../reconcile/run.ts';
import { type CommandContext, type ExitCode, report, stackCommand } from './command.ts';
import { confirmName } from './confirm.ts';
import { dumpSchema } from './dump.ts';
import { carryOut, withStackLock } from './execute.ts';
import { requireTenant, type Session, type StackOptions, withSession } from './session.ts';

interface DestroyOptions extends StackOptions {
  readonly confirm?: string;
  readonly dump?: string;
}

export function destroyCommand(context: CommandContext): Command {
  return stackCommand(
    'destroy',
    'take a tenant away, as its deletion policies say',
    "Removes a tenant's sources, connections, policies and logins. Its schema, Transit key and credentials are kept, unless\nthe Tenant says deletionPolicy: Delete. The name of the tenant must be typed, or given with --confirm.",
  )
    .argument('<tenant>', 'name of the tenant')
    .option('--confirm <name>', "the tenant's name once more, instead of typing it (for CI)")
    .option('--dump <file>', 'first write the schema to this file with pg_dump (custom format)')
    .addHelpText(
      'after',
      '\nExamples:\n  tenantry destroy acme --stack prod\n  tenantry destroy acme --stack prod --confirm acme --dump acme.dump',
    )
    .action((tenant: string, options: DestroyOptions) =>
      report(context, options.output, () => destroy(tenant, options, context)),
    );
}

async function destroy(tenant: string, options: DestroyOptions, { io }: CommandContext): Promise<ExitCode> {
  if (options.confirm !== undefined && options.confirm !== tenant) {
    throw new TenantryError('ConfirmationRequired', `--confirm names ${options.confirm}, not ${tenant}`, {
      hint: `pass --confirm ${tenant}`,
    });
  }
  return withSession(options, io, (session) =>
    withStackLock(session, io, async (stop) => {
      const one = new Set([tenant]);
      const prepared = await prepare({ ...session, only: one, leaving: one, confirmed: one });
      // A tenant whose document is gone already can be destroyed while something of it is left.
      if (prepared.plan.prunes.length === 0) requireTenant(tenant, tenantNames(session));
      const ask = async (): Promise<void> => {
        if (options.confirm === undefined) await confirmName(io, `Type "${tenant}" to go on`, tenant);
        if (options.dump !== undefined) await dumpSchema(session, tenant, resolve(io.cwd, options.dump));
      };
      const code = await carryOut({ session, prepared, stop, output: options.output, ask }, io);
      if (options.output === 'text' && tenantNames(session).includes(tenant)) {
        io.err(`The documents still name ${tenant}: remove them, or the next apply makes it again.\n`);
      }
      return code;
    }),
  );
}

function tenantNames(session: Session): string[] {
  return session.documents.tenants.map((document) => document.metadata.name);
}
