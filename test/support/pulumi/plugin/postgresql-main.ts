/** `pulumi-resource-postgresql` for tests: the types that the program uses, on a Postgres. */
import sdk from '@pulumi/postgresql/package.json' with { type: 'json' };
import { createPostgresClient, type PostgresSslMode } from '../../../../src/clients/postgres.ts';
import { Databases } from './databases.ts';
import { postgresqlTypes } from './postgresql-types.ts';
import { serveProvider } from './provider.ts';

await serveProvider<Databases>({
  version: sdk.version,
  types: postgresqlTypes,
  settings: [
    'host',
    'port',
    'database',
    'username',
    'password',
    'sslmode',
    'sslrootcert',
    'superuser',
    'connectTimeout',
    'maxConnections',
  ],
  connect(settings) {
    const of = (name: string, variable: string, otherwise: string): string =>
      String(settings[name] ?? process.env[variable] ?? otherwise);
    const database = of('database', 'PGDATABASE', 'postgres');
    return new Databases(database, (name) =>
      createPostgresClient({
        host: of('host', 'PGHOST', 'localhost'),
        port: Number(of('port', 'PGPORT', '5432')),
        database: name,
        user: of('username', 'PGUSER', 'postgres'),
        password: of('password', 'PGPASSWORD', ''),
        sslMode: of('sslmode', 'PGSSLMODE', 'require') as PostgresSslMode,
        concurrency: 8,
        applicationName: 'pulumi-resource-postgresql',
      }),
    );
  },
  close: (databases) => databases.close(),
});
