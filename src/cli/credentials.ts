/** `tenantry credentials`: lists, stores, encrypts and removes tenants' credentials. */
import { Command } from 'commander';
import { type CredentialRow, listCredentials } from '../credentials/list.ts';
import {
  encryptInPlace,
  isSecretField,
  latestVersion,
  type StoredCredential,
  storeCredential,
} from '../credentials/store.ts';
import { TenantryError } from '../errors.ts';
import { credentialPath } from '../resources/vault/paths.ts';
import {
  type CommandContext,
  type ExitCode,
  report,
  stackCommand,
  tenantOption,
  writeJson,
} from './command.ts';
import { confirmName } from './confirm.ts';
import { formatTable } from './format/table.ts';
import { requireTenant, type Session, type StackOptions, withSession } from './session.ts';

interface SetOptions extends StackOptions {
  readonly field?: readonly string[];
  readonly secret: string;
  readonly expiresAt?: string;
}

export function credentialsCommand(context: CommandContext): Command {
  const command = new Command('credentials')
    .summary("list, store, encrypt and remove tenants' credentials")
    .description(
      "Tenants' credentials in Vault: secret fields are encrypted with the tenant's own Transit key. No command prints one.",
    );
  command.addCommand(listCommand(context));
  command.addCommand(setCommand(context));
  command.addCommand(encryptCommand(context));
  command.addCommand(deleteCommand(context));
  return command;
}

function listCommand(context: CommandContext): Command {
  return stackCommand(
    'list',
    'show which credentials there are',
    'Shows for each integration whether it is connected, and whether its secrets are encrypted.',
  )
    .addOption(tenantOption())
    .action((options: StackOptions) =>
      report(context, options.output, () =>
        withSession(options, context.io, async (session) => {
          const rows = await listCredentials(session.documents, session.world.vault, session.only);
          if (options.output === 'json') writeJson(context.io, { credentials: rows });
          else
            context.io.out(
              formatTable(
                ['TENANT', 'INTEGRATION', 'CONNECTED', 'VERSION', 'ENCRYPTED', 'SINCE'],
                rows.map(cells),
                context.io,
              ),
            );
          return 0 as const;
        }),
      ),
    );
}

function cells(row: CredentialRow): string[] {
  if (!row.connected) return [row.tenant, row.integration, 'no', '-', '-', '-'];
  return [
    row.tenant,
    row.integration,
    'yes',
    String(row.version),
    row.encrypted ? 'yes' : 'not checked',
    row.createdAt,
  ];
}

function setCommand(context: CommandContext): Command {
  return stackCommand(
    'set',
    'store a credential',
    'Reads a secret from standard input, encrypts it with the tenant’s key and stores it. What else the credential holds stays.',
  )
    .argument('<tenant>', 'name of the tenant')
    .argument('<integration>', 'id of the integration, e.g. notion')
    .option('--secret <field>', 'field that the secret on standard input is stored in', 'access_token')
    .option('--field <name=value...>', 'facts beside it that are no secrets, e.g. workspace_id=T123')
    .option('--expires-at <time>', 'when the token ends, as RFC 3339 (default: never)')
    .addHelpText(
      'after',
      '\nExamples:\n  tenantry credentials set acme notion < token.txt\n  pbpaste | tenantry credentials set acme jira --secret api_token --field email=it@acme.example',
    )
    .action((tenant: string, integration: string, options: SetOptions) =>
      report(context, options.output, () => setCredential({ tenant, integration }, options, context)),
    );
}

interface Place {
  readonly tenant: string;
  readonly integration: string;
}

async function setCredential(place: Place, options: SetOptions, { io }: CommandContext): Promise<ExitCode> {
  if (!isSecretField(options.secret)) {
    throw new TenantryError('InvalidUsage', `"${options.secret}" is not a secret field`, {
      hint: 'one of access_token, refresh_token, api_key, api_token, client_secret, password, private_key, …',
    });
  }
  const facts = parseFields(options.field ?? []);
  const expiresAt = parseTime(options.expiresAt);
  return withSession(options, io, async (session) => {
    requirePlace(session, place);
    const secret = (await io.readInput()).trim();
    if (secret === '')
      throw new TenantryError('InvalidUsage', 'standard input is empty', { hint: 'pipe the secret in' });
    session.backends.redactor.add(secret);
    const { vault } = session.world;
    const fields: StoredCredential = {
      token_type: 'bearer',
      ...facts,
      ...(expiresAt ? { expires_at: expiresAt } : {}),
      [options.secret]: secret,
    };
    const version = await storeCredential(vault, place, fields, {
      expectedVersion: await latestVersion(vault, place, session.world),
      merge: true,
      signal: io.abort,
    });
    const path = credentialPath(place.tenant, place.integration);
    if (options.output === 'json') writeJson(io, { ...place, version });
    else io.out(`Stored ${path}, version ${version}, encrypted. \`tenantry apply\` takes it to Airbyte.\n`);
    return 0 as const;
  });
}

function parseFields(pairs: readonly string[]): Record<string, string> {
  const facts: Record<string, string> = {};
  for (const pair of pairs) {
    const cut = pair.indexOf('=');
    const name = pair.slice(0, cut);
    if (cut < 1 || isSecretField(name)) {
      const problem =
        cut < 1 ? `--field wants name=value` : `${name} is a secret; it is not taken from the command line`;
      throw new TenantryError('InvalidUsage', problem, {
        hint: 'secrets come by standard input, with --secret <field>',
      });
    }
    facts[name] = pair.slice(cut + 1);
  }
  return facts;
}

function parseTime(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const time = Date.parse(text);
  if (Number.isNaN(time)) {
    throw new TenantryError('InvalidUsage', `--expires-at is no time: ${text}`, {
      hint: 'e.g. 2027-01-31T12:00:00Z',
    });
  }
  return new Date(time).toISOString();
}

function encryptCommand(context: CommandContext): Command {
  return stackCommand(
    'encrypt',
    'encrypt what was written by hand',
    'Finds credentials whose secrets stand in plain text (as `vault kv put` leaves them) and encrypts them in place.',
  )
    .addOption(tenantOption())
    .action((options: StackOptions) => report(context, options.output, () => encryptAll(options, context)));
}

async function encryptAll(options: StackOptions, { io }: CommandContext): Promise<ExitCode> {
  return withSession(options, io, async (session) => {
    const { vault } = session.world;
    const rows = await listCredentials(session.documents, vault, session.only);
    const done: (Place & { fields: readonly string[] })[] = [];
    for (const row of rows.filter((item) => item.connected)) {
      const { tenant, integration } = row;
      const { encrypted } = await encryptInPlace(vault, { tenant, integration }, session.world);
      if (encrypted.length > 0) done.push({ tenant, integration, fields: encrypted });
    }
    if (options.output === 'json') writeJson(io, { checked: rows.length, encrypted: done });
    else {
      for (const item of done)
        io.out(`Encrypted ${credentialPath(item.tenant, item.integration)}: ${item.fields.join(', ')}\n`);
      io.out(`${rows.length} looked at, ${done.length} encrypted.\n`);
    }
    return 0 as const;
  });
}

function deleteCommand(context: CommandContext): Command {
  return stackCommand(
    'delete',
    'remove a credential',
    'Removes a credential with all its versions from Vault. The source in Airbyte stays until the next apply.',
  )
    .argument('<tenant>', 'name of the tenant')
    .argument('<integration>', 'id of the integration')
    .option('--confirm <name>', 'tenant/integration once more, instead of typing it (for CI)')
    .action((tenant: string, integration: string, options: StackOptions & { readonly confirm?: string }) =>
      report(context, options.output, () =>
        withSession(options, context.io, async (session) => {
          requirePlace(session, { tenant, integration });
          const path = credentialPath(tenant, integration);
          if (options.confirm !== path) await confirmName(context.io, `Type "${path}" to remove it`, path);
          const { vault } = session.world;
          await vault.delete(`${vault.kvMount}/metadata/${path}`, session.world);
          if (options.output === 'json') writeJson(context.io, { tenant, integration, deleted: true });
          else context.io.out(`Removed ${path}.\n`);
          return 0 as const;
        }),
      ),
    );
}

/** A credential is stored only where a document asks for one: a typing error must not hide a token somewhere. */
function requirePlace(session: Session, { tenant, integration }: Place): void {
  requireTenant(
    tenant,
    session.documents.tenants.map((document) => document.metadata.name),
  );
  const known = session.documents.integrations.filter((document) => document.spec.tenant === tenant);
  if (known.some((document) => document.spec.integration === integration)) return;
  throw new TenantryError('InvalidUsage', `no document connects ${tenant} to "${integration}"`, {
    hint: `${tenant} has ${known.map((document) => document.spec.integration).join(', ') || 'no integrations'}`,
  });
}
