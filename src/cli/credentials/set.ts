/** `tenantry credentials set`: stores a credential that a person has. */
import type { Command } from 'commander';
import { SECRET_FIELDS } from '../../credentials/fields.ts';
import {
  type CredentialPlace,
  isSecretField,
  latestVersion,
  readStored,
  type StoredCredential,
  storeCredential,
} from '../../credentials/store.ts';
import { TenantryError } from '../../errors.ts';
import { credentialPath } from '../../resources/vault/paths.ts';
import { didYouMean } from '../../spec/suggest.ts';
import { type CommandContext, documentsCommand, type ExitCode, report, writeJson } from '../command.ts';
import { askSecret } from '../confirm.ts';
import { showFor } from '../format/show.ts';
import { type Session, type StackOptions, withSession } from '../session.ts';
import { OWNER_OPTION, requireClaim, requirePlace } from './place.ts';

interface SetOptions extends StackOptions {
  readonly owner?: string;
  readonly field?: readonly string[];
  readonly secret: string;
  readonly expiresAt?: string;
}

export function setCommand(context: CommandContext): Command {
  return documentsCommand('set', {
    summary: 'store a credential',
    description:
      "Reads a secret from standard input (at a terminal it asks), encrypts it with the tenant's key and stores it. What else the credential holds stays. The tenant must have been applied.",
    examples: [
      'tenantry credentials set acme notion < token.txt',
      'pbpaste | tenantry credentials set acme jira --secret api_token --field email=it@acme.example',
    ],
  })
    .alias('put')
    .argument('<tenant>', 'name of the tenant')
    .argument('<integration>', 'id of the integration, e.g. notion')
    .option('--secret <field>', 'field that the secret is stored in', 'access_token')
    .option('--field <name=value...>', 'facts beside it that are no secrets, e.g. workspace_id=T123')
    .option('--expires-at <time>', 'when the token ends, as RFC 3339 (default: never)')
    .option(...OWNER_OPTION)
    .action((tenant: string, integration: string, options: SetOptions) =>
      report(context, options, () => setCredential({ tenant, integration }, options, context)),
    );
}

async function setCredential(
  place: CredentialPlace,
  options: SetOptions,
  { io }: CommandContext,
): Promise<ExitCode> {
  if (!isSecretField(options.secret)) {
    const names = [...SECRET_FIELDS];
    throw new TenantryError(
      'InvalidUsage',
      `"${options.secret}" is not a secret field${didYouMean(options.secret, names)}`,
      { hint: `one of ${names.join(', ')}` },
    );
  }
  const facts = { ...parseFields(options.field ?? []), ...parseTime(options.expiresAt) };
  return withSession({ ...options, withoutAirbyte: true }, io, async (session) => {
    requirePlace(session, place);
    await requireClaim(session, place.tenant, options.owner);
    const path = credentialPath(place.tenant, place.integration);
    const secret = await askSecret(io, `${options.secret} of ${path}`);
    session.backends.redactor.add(secret);
    const { vault } = session.world;
    const before = await readStored(vault, place, session.world);
    const version = await storeCredential(
      vault,
      place,
      { ...kept(before?.data ?? {}, options.secret), ...facts, [options.secret]: secret },
      {
        expectedVersion: before?.version ?? (await latestVersion(vault, place, session.world)),
        signal: io.abort,
      },
    );
    const { hint } = showFor(io, options);
    if (options.output === 'json') writeJson(io, { ok: true, ...place, version });
    else {
      const who = nextDriver(session, options.owner) ?? hint('`tenantry apply`');
      io.out(`Stored ${path}, version ${version}, encrypted. ${who} takes it to Airbyte.\n`);
    }
    return 0 as const;
  });
}

/** Undefined where it is this command line. */
function nextDriver({ source, owner }: Session, given: string | undefined): string | undefined {
  if (source !== 'files') return 'The operator, when it looks at the tenant next,';
  return given === undefined || given === owner ? undefined : `The next run of ${given}`;
}

/** What the credential holds beside the new secret; the end of the old token says nothing about the new one. */
function kept(before: StoredCredential, secret: string): StoredCredential {
  const isToken = secret === 'access_token';
  const { expires_at: end, ...rest } = before;
  return {
    ...rest,
    ...(isToken || end === undefined ? {} : { expires_at: end }),
    ...(isToken ? { token_type: before['token_type'] ?? 'bearer' } : {}),
    created_at: new Date().toISOString(),
  };
}

function parseFields(pairs: readonly string[]): Record<string, string> {
  const facts: Record<string, string> = {};
  for (const pair of pairs) {
    const cut = pair.indexOf('=');
    const name = pair.slice(0, cut);
    if (cut < 1 || isSecretField(name)) {
      // The text may be a secret, given in the wrong place: only a name that we know is repeated.
      const problem =
        cut < 1 ? '--field wants name=value' : `${name} is a secret; it is not taken from the command line`;
      throw new TenantryError('InvalidUsage', problem, {
        hint: 'secrets come by standard input, with --secret <field>',
      });
    }
    facts[name] = pair.slice(cut + 1);
  }
  return facts;
}

/** RFC 3339 with a zone: a time without one would mean another moment on each machine. */
const RFC3339 = /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/;

function parseTime(text: string | undefined): { expires_at?: string } {
  if (text === undefined) return {};
  const time = RFC3339.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) {
    throw new TenantryError('InvalidUsage', '--expires-at wants a time with its zone, as RFC 3339 has it', {
      hint: 'e.g. 2027-01-31T12:00:00Z',
    });
  }
  return { expires_at: new Date(time).toISOString() };
}
