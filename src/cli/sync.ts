/** `tenantry sync`: starts a sync, watches it, or cancels it. */
import type { Command } from 'commander';
import type { CredentialPlace } from '../credentials/store.ts';
import { asTenantryError, TenantryError } from '../errors.ts';
import { type CommandContext, documentsCommand, type ExitCode, report, writeJson } from './command.ts';
import type { Io } from './io.ts';
import type { StackOptions } from './session.ts';
import { type Run, type SyncAccess, withSyncs } from './syncs/access.ts';
import { arrived, reason, took } from './syncs/figures.ts';
import { createRunProgress } from './syncs/progress.ts';

interface SyncOptions extends StackOptions {
  readonly wait?: true;
  readonly cancel?: true;
}

export function syncCommand(context: CommandContext): Command {
  return documentsCommand('sync', {
    summary: 'start a sync, watch it, or cancel it',
    description:
      'Starts a sync of a tenant’s integration now. One that is under way or waits already is not started twice. With --wait it shows the progress until the sync has ended; Ctrl-C stops the watching and not the sync.\nIt asks the sidecar at TENANTRY_URL where TENANTRY_API_KEY is set, and needs no documents then; else it goes to the Postgres of the stack, and a sidecar of the stack must run to begin the sync.\nExit code 0: started, or with --wait succeeded; 1: refused, or with --wait failed, cancelled or not begun.',
    examples: [
      'tenantry sync acme notion --stack prod',
      'tenantry sync acme notion --wait --output json',
      'tenantry sync acme notion --cancel',
    ],
  })
    .argument('<tenant>', 'name of the tenant')
    .argument('<integration>', 'id of the integration, e.g. notion')
    .option('--wait', 'show the progress until it has ended')
    .option('--cancel', 'cancel the one that is under way or waits')
    .action((tenant: string, integration: string, options: SyncOptions) =>
      report(context, options, () => sync({ tenant, integration }, options, context.io)),
    );
}

async function sync(place: CredentialPlace, options: SyncOptions, io: Io): Promise<ExitCode> {
  return withSyncs({ ...options, place }, io, async (access) => {
    const begun = options.cancel ? await cancel(access, place) : await access.start(place);
    const run = begun && options.wait ? await untilEnded(begun, access, io) : begun;
    const ok = isGood(run, options);
    if (options.output === 'json') writeJson(io, { ok, run: run ?? null });
    else
      io.out(
        run ? textOf(run, options, io) : `No sync of ${place.tenant}/${place.integration} is under way.\n`,
      );
    return ok ? 0 : 1;
  });
}

/** A run that was to be cancelled has ended as wanted. */
function isGood(run: Run | undefined, { wait, cancel: isCancelled }: SyncOptions): boolean {
  return !run || !wait || run.status === (isCancelled ? 'cancelled' : 'succeeded');
}

function textOf(run: Run, options: SyncOptions, io: Io): string {
  return options.wait ? endText(run, io) : `${begunText(run, options)}\n`;
}

/** Undefined where nothing is under way. */
async function cancel(access: SyncAccess, place: CredentialPlace): Promise<Run | undefined> {
  const { runs } = await access.runs(place, { limit: 5 });
  const found = runs.find(isUnderWay);
  return found && (await access.cancel(place, found.id));
}

/** @throws Cancelled when the person does not want to wait any longer */
async function untilEnded(begun: Run, access: SyncAccess, io: Io): Promise<Run> {
  const { tenant, integration } = begun;
  const progress = createRunProgress(io);
  const signal = AbortSignal.any([io.stop, io.abort]);
  let run = begun;
  try {
    for await (const next of access.follow({ tenant, integration }, begun.id, signal)) {
      run = next ?? run;
      if (isUnderWay(run)) progress.show(next);
    }
  } catch (thrown) {
    throw stillGoing(begun, asTenantryError(thrown));
  } finally {
    progress.end();
  }
  if (!isUnderWay(run)) return run;
  throw stillGoing(begun, new TenantryError('Cancelled', 'stopped watching'));
}

/** Whatever ends the watching does not end the sync. */
function stillGoing({ tenant, integration }: Run, { code, message, cause }: TenantryError): TenantryError {
  return new TenantryError(code, `${message}; the sync of ${tenant}/${integration} goes on`, {
    cause,
    hint: `\`tenantry syncs ${tenant} ${integration}\` shows how it ends; \`tenantry sync ${tenant} ${integration} --cancel\` ends it`,
  });
}

function isUnderWay({ status }: Run): boolean {
  return status === 'waiting' || status === 'running';
}

function begunText(run: Run, { cancel: isCancelled }: SyncOptions): string {
  const name = `${run.tenant}/${run.integration}`;
  if (isCancelled) return isUnderWay(run) ? `${name}: it is being cancelled.` : `${name}: ${run.status}.`;
  if (run.status === 'running') return `${name}: a sync is under way (${run.id}).`;
  return `${name}: the sync begins as soon as it can (${run.id}).`;
}

function endText(run: Run, io: Pick<Io, 'style'>): string {
  const style = run.status === 'succeeded' ? 'green' : 'red';
  const lasted = took(run, Date.now());
  const facts = [io.style(style, run.status), arrived(run), lasted && `in ${lasted}`].filter(
    (text) => text !== '',
  );
  const why = reason(run);
  return `${run.tenant}/${run.integration}: ${facts.join(', ')}.\n${why === '' ? '' : `  ${why}\n`}`;
}
