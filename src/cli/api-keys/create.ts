/** `tenantry api-keys create`: makes a key and shows it once. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { TenantryError } from '../../errors.ts';
import { createApiKey, TENANT_KEY_ROLES } from '../../sidecar/callers/api-keys/store.ts';
import type { Role } from '../../sidecar/callers/caller.ts';
import { type CommandContext, documentsCommand, type ExitCode, report, writeJson } from '../command.ts';
import { withDatabase } from '../platform-database.ts';
import { requireTenant, type StackOptions, withSession } from '../session.ts';

const DAY_MS = 86_400_000;
const MOST_DAYS = 3_650;

interface CreateOptions extends StackOptions {
  readonly name: string;
  readonly role?: Role;
  readonly platform?: true;
  readonly expiresInDays?: number;
}

export function createCommand(context: CommandContext): Command {
  return documentsCommand('create', {
    summary: 'make a key and show it',
    description:
      'Makes a key of a tenant, or with --platform one that may do everything for every tenant. Standard output is the key alone; it cannot be shown again.',
    examples: [
      'tenantry api-keys create acme --name billing --stack prod',
      'tenantry api-keys create acme --name dashboard --role viewer --expires-in-days 90',
      'tenantry api-keys create --platform --name deploy --stack prod',
    ],
  })
    .argument('[tenant]', 'name of the tenant')
    .requiredOption('--name <text>', 'what the key is for')
    .addOption(
      new Option('--role <role>', 'what the key may do (default: app)').choices([...TENANT_KEY_ROLES]),
    )
    .option('--platform', 'a key of the platform, with role admin, instead of a tenant’s')
    .option('--expires-in-days <days>', 'when the key ends (default: never)', daysOf)
    .action((tenant: string | undefined, options: CreateOptions) =>
      report(context, options, () => create(tenant, options, context)),
    );
}

function daysOf(text: string): number {
  const days = Number(text);
  if (!(days > 0 && days <= MOST_DAYS))
    throw new InvalidArgumentError(`must be above 0 and at most ${MOST_DAYS}`);
  return days;
}

async function create(
  tenant: string | undefined,
  options: CreateOptions,
  { io }: CommandContext,
): Promise<ExitCode> {
  const owner = ownerOf(tenant, options);
  const name = options.name.trim();
  if (name === '' || name.length > 100) {
    throw new TenantryError('InvalidUsage', '--name wants 1 to 100 characters');
  }
  return withSession({ ...options, readOnly: true, withoutAirbyte: true }, io, async (session) => {
    if (owner.tenant !== null) requireTenant(owner.tenant, session);
    const now = Date.now();
    const { row, key } = await withDatabase(session, (database) =>
      createApiKey(database, {
        ...owner,
        name,
        createdBy: session.owner,
        now,
        expiresAt: options.expiresInDays === undefined ? undefined : now + options.expiresInDays * DAY_MS,
      }),
    );
    if (options.output === 'json') writeJson(io, { ok: true, ...row, key });
    else {
      io.out(`${key}\n`);
      const whose = row.tenant === null ? 'the platform' : row.tenant;
      io.err(`Key ${row.id} of ${whose}, role ${row.role}. It is shown this once.\n`);
    }
    return 0 as const;
  });
}

/** A forgotten tenant must not give a key to everything. */
function ownerOf(
  tenant: string | undefined,
  { platform, role }: CreateOptions,
): { readonly tenant: string | null; readonly role: Role } {
  if ((tenant === undefined) === (platform === undefined)) {
    throw new TenantryError('InvalidUsage', 'name a tenant, or pass --platform for a key of the platform');
  }
  if (tenant !== undefined) return { tenant, role: role ?? 'app' };
  if (role === undefined) return { tenant: null, role: 'admin' };
  throw new TenantryError('InvalidUsage', 'a key of the platform has role admin; leave out --role');
}
