/** `tenantry migrate`: the sidecar's tables, roles and login. */
import type { Command } from 'commander';
import { postgresOptions } from '../clients/connect.ts';
import { type CommandContext, type ExitCode, report, stackCommand, writeJson } from './command.ts';
import { type StackOptions, withSession } from './session.ts';

interface MigrateOptions extends StackOptions {
  readonly printGrants?: boolean;
}

export function migrateCommand(context: CommandContext): Command {
  return stackCommand('migrate', {
    summary: "bring the sidecar's tables up to date",
    description:
      "Makes the sidecar's tables in the schema tenantry, the roles it works as, and its login (spec.sidecar.database), or brings them to this version. Safe to run at any time and by several at once; the sidecar does the same when it starts.",
    examples: ['tenantry migrate --stack prod', 'tenantry migrate --stack prod --print-grants'],
  })
    .option(
      '--print-grants',
      'only print what an administrator runs for a login of their own; changes nothing',
    )
    .action((options: MigrateOptions) => report(context, options, () => run(options, context)));
}

async function run(options: MigrateOptions, { io }: CommandContext): Promise<ExitCode> {
  // Other commands shall not pay for loading them.
  const [{ migrate }, { loginSql }, { sidecarSettings }] = await Promise.all([
    import('../sidecar/database/migrate.ts'),
    import('../sidecar/database/roles.ts'),
    import('../sidecar/settings.ts'),
  ]);
  return await withSession({ ...options, withoutAirbyte: true }, io, async ({ documents, env, backends }) => {
    const settings = sidecarSettings(documents.platform, env, { posture: 'gateway' });
    const { user, password } = settings.database;
    const isOwn = user !== backends.settings.postgres.user;
    if (options.printGrants) {
      const sql = loginSql(isOwn ? user : 'tenantry_app');
      if (options.output === 'json') writeJson(io, { ok: true, sql });
      else io.out(sql);
      return 0 as const;
    }
    const { secrets, redactor } = backends;
    const { applied } = await migrate({
      admin: await postgresOptions(backends.settings, secrets, { redactor }),
      login: isOwn ? { user, password: await secrets.resolve(password) } : undefined,
      signal: AbortSignal.any([io.stop, io.abort]),
      onWait: () => io.err('another process migrates; waiting (Ctrl-C gives up)\n'),
    });
    if (options.output === 'json') writeJson(io, { ok: true, applied, login: user });
    else io.out(`${told(applied)} The sidecar logs in as ${user}${isOwn ? '' : ', the same as the CLI'}.\n`);
    return 0 as const;
  });
}

function told(applied: readonly string[]): string {
  return applied.length === 0 ? 'The tables are up to date.' : `Carried out: ${applied.join(', ')}.`;
}
