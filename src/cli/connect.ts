/** `tenantry connect`: a link by which a person connects a tenant to an integration. */
import { setTimeout as timer } from 'node:timers/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { throwIfCancelled } from '../clients/http.ts';
import { TenantryError } from '../errors.ts';
import type { Database } from '../sidecar/database/database.ts';
import { type CommandContext, type ExitCode, report, stackCommand, writeJson } from './command.ts';
import { requirePlace } from './credentials/place.ts';
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
  return stackCommand('connect', {
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

interface Place {
  readonly tenant: string;
  readonly integration: string;
}

async function connect(place: Place, options: ConnectOptions, io: Io): Promise<ExitCode> {
  return withSession({ ...options, readOnly: true, withoutAirbyte: true }, io, async (session) => {
    requirePlace(session, place);
    return withDatabase(session, (database) => offerLink({ place, options, io, session, database }));
  });
}

async function offerLink(parts: {
  readonly place: Place;
  readonly options: ConnectOptions;
  readonly io: Io;
  readonly session: Session;
  readonly database: Database;
}): Promise<ExitCode> {
  const { place, options, io, session, database } = parts;
  const { makeLink } = await import('../sidecar/oauth/links.ts');
  const { requireReturn } = await import('../sidecar/oauth/return-address.ts');
  const allowed = session.documents.platform.spec.sidecar.redirectUris;
  const returnTo =
    options.redirectUri === undefined ? undefined : requireReturn(options.redirectUri, allowed);
  const link = await makeLink(
    { database, settings: { publicUrl: publicUrl(session) }, now: Date.now },
    {
      ...place,
      returnTo,
      openerOrigin: undefined,
      actor: session.owner,
      seconds: Math.round(options.expiresInHours * 3600),
    },
  );
  const json = options.output === 'json';
  if (!json) {
    io.out(`${link.url}\n`);
    io.err(
      `For ${place.tenant} to connect ${place.integration}; good for one use until ${link.expiresAt}.\n`,
    );
    if (options.open && io.interactive) await openInBrowser(link.url);
  }
  const status = options.wait ? await waitFor(link.flow, database, io) : undefined;
  if (json)
    writeJson(io, { ok: status?.status !== 'failed', ...place, ...link, state: undefined, ...status });
  else if (status?.status === 'complete') io.err(`${place.tenant} is connected to ${place.integration}.\n`);
  if (status?.status !== 'failed') return 0;
  if (!json) io.err(`Not connected: ${status.error ?? 'failed'}.\n`);
  return 1;
}

function publicUrl({ backends }: Session): string {
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

async function waitFor(
  flow: string,
  database: Database,
  io: Io,
): Promise<{ readonly status: 'complete' | 'failed'; readonly error?: string }> {
  const { flowStatus } = await import('../sidecar/oauth/flow-status.ts');
  const signal = AbortSignal.any([io.stop, io.abort]);
  for (;;) {
    throwIfCancelled(signal);
    const found = await flowStatus(database, flow, Date.now());
    const status = found?.status ?? { status: 'failed' as const, error: 'StateInvalid' };
    if (status.status !== 'pending') return { ...status, status: status.status };
    await timer(LOOK_AGAIN_MS, undefined, { signal }).catch(() => undefined);
  }
}
