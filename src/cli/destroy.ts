/** `tenantry destroy`: takes a tenant away, as its deletion policies say. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { TenantryError } from '../errors.ts';
import { observedDocuments } from '../plan/observed.ts';
import type { Prepared } from '../reconcile/run.ts';
import { type CommandContext, type ExitCode, report, stackCommand } from './command.ts';
import { confirmName } from './confirm.ts';
import { dumpSchemas } from './dump.ts';
import { carryOut, look, withStackLock } from './execute.ts';
import type { Io } from './io.ts';
import { requireTenant, type Session, type StackOptions, withSession } from './session.ts';

interface DestroyOptions extends StackOptions {
  readonly confirm?: string;
  readonly dump?: string;
}

export function destroyCommand(context: CommandContext): Command {
  return stackCommand('destroy', {
    summary: 'take a tenant away, as its deletion policies say',
    description:
      "Removes a tenant's sources, connections, policies and logins. Its schema, Transit key and credentials are kept, unless the Tenant says deletionPolicy: Delete. The name of the tenant must be typed, or given with --confirm.\nExit code 0: done; 1: not everything was done.",
    examples: [
      'tenantry destroy acme --stack prod',
      'tenantry destroy acme --stack prod --confirm acme --dump acme.dump',
    ],
  })
    .argument('<tenant>', 'name of the tenant')
    .option('--confirm <name>', "the tenant's name once more, instead of typing it (for CI)")
    .option(
      '--dump <file>',
      'first write its schemas to this file with pg_dump (custom format, for pg_restore)',
    )
    .action((tenant: string, options: DestroyOptions) =>
      report(context, options, () => destroy(tenant, options, context)),
    );
}

async function destroy(tenant: string, options: DestroyOptions, { io }: CommandContext): Promise<ExitCode> {
  if (options.confirm !== undefined && options.confirm !== tenant) {
    throw new TenantryError('ConfirmationRequired', `--confirm names ${options.confirm}, not ${tenant}`, {
      hint: `pass --confirm ${tenant}`,
    });
  }
  return withSession(options, io, (session) => {
    requireManaged(tenant, session);
    return withStackLock(session, io, async (stop) => {
      const one = new Set([tenant]);
      const prepared = await look({ ...session, only: one, leaving: one, confirmed: one }, io);
      // A tenant whose document is gone already can be destroyed while something of it is left.
      if (prepared.plan.prunes.length === 0) requireTenant(tenant, session);
      const ask = async (): Promise<void> => {
        if (options.confirm === undefined) {
          await confirmName(io, { question: `Type "${tenant}" to go on`, name: tenant });
        }
        if (options.dump === undefined) return;
        await dump(session, prepared, { file: resolve(io.cwd, options.dump), io, stop });
      };
      const code = await carryOut({ session, prepared, stop, options, ask, kept: true }, io);
      if (code === 0 && tenantNames(session).includes(tenant)) {
        io.err(`The documents still name ${tenant}: remove them, or the next apply makes it again.\n`);
      }
      return code;
    });
  });
}

/** @throws Blocked for a tenant that its document says is only observed */
function requireManaged(tenant: string, { documents }: Session): void {
  if (!observedDocuments(documents).tenants.has(tenant)) return;
  throw new TenantryError(
    'Blocked',
    `tenant ${tenant} is only observed (managementPolicy: Observe); nothing was removed`,
    { hint: 'set managementPolicy: Manage, or remove its documents, and run the command again' },
  );
}

/** The schemas as they were found: also those of a tenant whose document is gone, and those of single integrations. */
async function dump(
  session: Session,
  prepared: Prepared,
  { file, io, stop }: { readonly file: string; readonly io: Io; readonly stop: AbortSignal },
): Promise<void> {
  const schemas = prepared.plan.prunes
    .filter((target) => target.kind.type === 'postgres:schema')
    .map((target) => target.key);
  if (schemas.length === 0) {
    io.err('There is no schema left to dump.\n');
    return;
  }
  await dumpSchemas(session, schemas, file, stop);
  io.err(`Wrote ${schemas.join(', ')} to ${file}\n`);
}

function tenantNames(session: Session): string[] {
  return session.documents.tenants.map((document) => document.metadata.name);
}
