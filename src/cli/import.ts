/** `tenantry import`: writes documents from a tenants.json, from Terraform variables or from a Terraform state. */
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { TenantryError } from '../errors.ts';
import { type CustodyResult, storeFound } from '../import/custody.ts';
import { writeFiles } from '../import/files.ts';
import { FORMATS, type Format, type SourceText } from '../import/read.ts';
import { formatReport, type ReportInput, reportJson } from '../import/report.ts';
import { type Import, prepareImport } from '../import/run.ts';
import { resolveStack } from '../spec/load.ts';
import { type CommandContext, type ExitCode, report, stackCommand, writeJson } from './command.ts';
import { requireClaim, requirePlace } from './credentials/place.ts';
import { formatProblem } from './format/error.ts';
import { showFor } from './format/show.ts';
import type { Io } from './io.ts';
import { environment, type StackOptions, withSession } from './session.ts';

interface ImportOptions extends StackOptions {
  readonly from?: Format;
  readonly dryRun?: boolean;
  readonly force?: boolean;
  readonly storeCredentials?: boolean;
}

export function importCommand(context: CommandContext): Command {
  return stackCommand('import', {
    summary: 'write documents from tenants.json or Terraform',
    description:
      'Reads a tenants.json, Terraform variables (.tfvars, .tfvars.json) or a Terraform state (`terraform show -json`, "-" for standard input), writes a document for each tenant and each integration, and tells what became of every attribute. What exists in Airbyte, Vault and Postgres is taken over by the next apply. Secrets stand in no document. The same input gives the same files.\nExit code 0: the stack is valid; 1: refused, or something is to be corrected by hand.',
    examples: [
      'tenantry import tenants.json --stack prod --dry-run',
      'terraform show -json | tenantry import - --from terraform --stack prod',
      'tenantry import tenants.auto.tfvars --stack ./stacks/prod --output json',
    ],
  })
    .argument('<source>', 'the file to read, or - for standard input')
    .addOption(
      new Option('--from <format>', 'what it is (default: told by its name and content)').choices([
        ...FORMATS,
      ]),
    )
    .option('--dry-run', 'write nothing, and tell what would be written')
    .option('--force', 'replace files and credentials that say something else')
    .option(
      '--store-credentials',
      'store the secrets that are found in Vault, encrypted; the tenants must have been applied',
    )
    .action((source: string, options: ImportOptions) =>
      report(context, options, () => importFrom(source, options, context)),
    );
}

async function importFrom(file: string, options: ImportOptions, { io }: CommandContext): Promise<ExitCode> {
  const source = await readText(file, io);
  const env = await environment(options, io);
  const dir = await stackFolder(options.stack ?? env['TENANTRY_STACK'] ?? 'dev', io.cwd);
  const made = await prepareImport({
    source,
    from: options.from,
    dir,
    force: options.force ?? false,
    env,
  });
  const mayWrite = !options.dryRun && made.files.every(({ status }) => status !== 'conflict');
  if (mayWrite) await writeFiles(dir, made.files);
  const mayStore = mayWrite && made.problems.length === 0;
  const custody = mayStore && options.storeCredentials ? await store(made, options, io) : undefined;
  const { hint } = showFor(io, options);
  const input: ReportInput = { made, dir, written: mayWrite, custody, hint, formatProblem };
  const json = reportJson(input);
  if (options.output === 'json') writeJson(io, json);
  else io.out(formatReport(input));
  return json['ok'] === true ? 0 : 1;
}

async function readText(file: string, io: Io): Promise<SourceText> {
  if (file === '-') return { file: 'standard input', text: await io.readInput() };
  try {
    return { file, text: await readFile(resolve(io.cwd, file), 'utf8') };
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new TenantryError('InvalidUsage', `cannot read ${file}: ${code ?? 'unknown reason'}`, {
      cause,
      hint: 'pass a file that is there, or - for standard input',
    });
  }
}

/** A stack that is not there yet is made, under `stacks/` when it is a name. */
async function stackFolder(name: string, cwd: string): Promise<string> {
  try {
    return await resolveStack(name, cwd);
  } catch (error) {
    if (!(error instanceof TenantryError && error.code === 'StackNotFound')) throw error;
    const folder = /[/\\]/.test(name) ? name : join('stacks', name);
    return resolve(cwd) === process.cwd() ? folder : resolve(cwd, folder);
  }
}

async function store(made: Import, options: ImportOptions, io: Io): Promise<CustodyResult[]> {
  if (made.credentials.length === 0) return [];
  return withSession({ ...options, withoutAirbyte: true }, io, (session) =>
    storeFound(made.credentials, {
      world: session.world,
      redactor: session.backends.redactor,
      require: async (place) => {
        requirePlace(session, place);
        await requireClaim(session, place.tenant);
      },
      force: options.force ?? false,
      now: () => new Date(),
    }),
  );
}
