/** `tenantry connect`: a link by which a person connects a tenant to an integration. */
import { setTimeout as timer } from 'node:timers/promises';
import { type Command, InvalidArgumentError } from 'commander';
import type { CredentialPlace } from '../credentials/store.ts';
import { type ErrorCode, errorCodes, TenantryError } from '../errors.ts';
import type { Database } from '../sidecar/database/database.ts';
import type { LinkStatus } from '../sidecar/oauth/links.ts';
import { type CommandContext, documentsCommand, type ExitCode, report, writeJson } from './command.ts';
import { requireApplied, requirePlace } from './credentials/place.ts';
import type { Io } from './io.ts';
import { withDatabase } from './platform-database.ts';
import { type Session, type StackOptions, withSession } from './session.ts';

const MOST_HOURS = 168;
const LOOK_AGAIN_MS = 1_000;

interface ConnectOptions extends StackOptions {
  readonly expiresInHours: number;
  readonly redirectUri?: string;
  readonly open: boolean;
  readonly wait?: true;
}

export function connectCommand(context: CommandContext): Command {
  return documentsCommand('connect', {
    summary: 'make a link to connect a tenant',
    description:
      'Prints a link that somebody of the tenant opens to connect an integration: good for one use, until it expires. On a terminal it is opened in the browser as well. The sidecar of the stack must be running to serve it (spec.sidecar.url).\nWith --wait the command ends when the person has connected. Exit code 1: denied, failed or expired.',
    examples: [
      'tenantry connect acme notion --stack prod',
      'tenantry connect acme github --no-open --expires-in-hours 72',
      'tenantry connect acme jira --wait --output json',
    ],
  })
    .argument('<tenant>', 'name of the tenant')
    .argument('<integration>', 'id of the integration, e.g. notion')
    .option('--expires-in-hours <hours>', `how long the link is good, at most ${MOST_HOURS}`, hoursOf, 1)
    .option('--redirect-uri <url>', 'where the person is sent afterwards (one of spec.sidecar.redirectUris)')
    .option('--no-open', 'do not open the link in a browser')
    .option('--wait', 'wait until the person has connected, or the link has expired')
    .action((tenant: string, integration: string, options: ConnectOptions) =>
      report(context, options, () => connect({ tenant, integration }, options, context.io)),
    );
}

function hoursOf(text: string): number {
  const hours = Number(text);
  if (!(hours > 0 && hours <= MOST_HOURS))
    throw new InvalidArgumentError(`must be above 0 and at most ${MOST_HOURS}`);
  return hours;
}

async function connect(place: CredentialPlace, options: ConnectOptions, io: Io): Promise<ExitCode> {
  return withSession({ ...options, readOnly: true, withoutAirbyte: true }, io, async (session) => {
    requirePlace(session, place);
    const publicUrl = requireUrl(session);
    const returnTo = await returnAddress(session, options.redirectUri);
    // A person should not find out at the provider that there is no key to keep the token with.
    await requireApplied(session, place.tenant);
    return withDatabase(session, async (database) => {
      const { makeLink } = await import('../sidecar/oauth/links.ts');
      const { id, url, expiresAt } = await makeLink(
        { database, settings: { publicUrl }, now: Date.now },
        {
          ...place,
          returnTo,
          openerOrigin: undefined,
          actor: session.owner,
          seconds: Math.max(1, Math.round(options.expiresInHours * 3600)),
        },
      );
      await offer({ ...place, id, url, expiresAt }, options, io);
      if (options.wait) await untilConnected({ ...place, id, expiresAt }, database, io);
      const status = options.wait && { status: 'complete' };
      if (options.output === 'json') writeJson(io, { ok: true, ...place, id, url, expiresAt, ...status });
      else if (options.wait) io.err(`${place.tenant} is connected to ${place.integration}.\n`);
      return 0 as const;
    });
  });
}

interface Offered extends CredentialPlace {
  readonly id: string;
  readonly url: string;
  readonly expiresAt: string;
}

/** Shows the link to whoever opens it. */
async function offer(link: Offered, options: ConnectOptions, io: Io): Promise<void> {
  if (options.output === 'json') {
    // The document comes when the wait is over; until then somebody has to see the link.
    if (options.wait) io.err(`${link.url}\n`);
    return;
  }
  io.out(`${link.url}\n`);
  io.err(
    `For ${link.tenant} to connect ${link.integration}; good for one use until ${link.expiresAt}. Whoever has it can connect.\n`,
  );
  if (options.open && io.interactive) await openInBrowser(link.url);
}

async function returnAddress(
  { documents }: Session,
  redirectUri: string | undefined,
): Promise<string | undefined> {
  if (redirectUri === undefined) return undefined;
  const { requireReturn } = await import('../sidecar/oauth/return-address.ts');
  return requireReturn(redirectUri, documents.platform.spec.sidecar.redirectUris);
}

function requireUrl({ backends }: Session): string {
  const { sidecarUrl } = backends.settings;
  if (sidecarUrl !== undefined) return sidecarUrl;
  throw new TenantryError(
    'MissingSetting',
    'spec.sidecar.url is not set (TENANTRY_URL): a link begins with it',
  );
}

/** A browser that cannot be started is no failure: the link is printed. */
async function openInBrowser(url: string): Promise<void> {
  const { default: open } = await import('open');
  await open(url).catch(() => undefined);
}

/** @throws what became of the link where nobody has connected by it */
async function untilConnected(link: Omit<Offered, 'url'>, database: Database, io: Io): Promise<void> {
  const { linkStatus } = await import('../sidecar/oauth/links.ts');
  const signal = AbortSignal.any([io.stop, io.abort]);
  for (;;) {
    if (signal.aborted) {
      throw new TenantryError('Cancelled', 'nobody has connected yet', {
        hint: `the link stays good until ${link.expiresAt}`,
      });
    }
    const found = await linkStatus(database, link, Date.now());
    if (found?.status === 'complete') return;
    if (found?.status !== 'pending' && found?.status !== 'used') throw notConnected(link, found);
    await timer(LOOK_AGAIN_MS, undefined, { signal }).catch(() => undefined);
  }
}

const REASONS: Partial<Record<ErrorCode, string>> = {
  ConnectDenied: 'access was denied at the provider',
  ApprovalPending: 'an owner of the account at the provider has been asked to approve the app',
  AccountMismatch: 'another tenant has connected this account already',
  StateInvalid: 'the person did not come back from the provider in time',
};

function notConnected(
  { tenant, integration }: CredentialPlace,
  found: LinkStatus | undefined,
): TenantryError {
  const again = `make a new link: tenantry connect ${tenant} ${integration}`;
  if (found?.status !== 'failed') {
    return new TenantryError('StateInvalid', 'not connected: the link has expired, and nobody used it', {
      hint: again,
    });
  }
  const code = errorCodes().find((known) => known.code === found.error)?.code ?? 'Internal';
  const why = REASONS[code] ?? `it ended with ${found.error ?? code}`;
  const hint = code === 'StateInvalid' ? { hint: again } : {};
  return new TenantryError(code, `not connected: ${why}`, hint);
}
