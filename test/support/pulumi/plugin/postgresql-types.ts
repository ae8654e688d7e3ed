/** The types of @pulumi/postgresql that the program uses, as its plugin treats them (registry.terraform.io/providers/cyrilgdn/postgresql). */
import type { RoleArgs, SchemaArgs } from '@pulumi/postgresql';
import { quoteIdent, quoteLiteral } from '../../../../src/clients/postgres.ts';
import type { Databases } from './databases.ts';
import { defaultPrivileges, grant } from './postgresql-grants.ts';
import { type Properties, type ResourceType, resourceType, text, texts } from './resource.ts';

interface RoleRow extends Record<string, unknown> {
  readonly login: boolean;
  readonly limit: number;
  readonly inherit: boolean;
  readonly superuser: boolean;
  readonly create_role: boolean;
  readonly create_database: boolean;
  readonly replication: boolean;
  readonly bypass: boolean;
  readonly config: string[] | null;
  readonly roles: string[] | null;
}

const ROLE = `
  SELECT r.rolcanlogin AS login, r.rolconnlimit AS limit, r.rolinherit AS inherit, r.rolsuper AS superuser,
         r.rolcreaterole AS create_role, r.rolcreatedb AS create_database, r.rolreplication AS replication,
         r.rolbypassrls AS bypass, r.rolconfig AS config,
         (SELECT array_agg(DISTINCT g.rolname::text) FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid
           WHERE m.member = r.oid) AS roles
    FROM pg_roles r WHERE r.rolname = $1`;

/** Attributes with a keyword of their own, and a NO in front of it where they are off. */
const ATTRIBUTES = {
  login: 'LOGIN',
  inherit: 'INHERIT',
  superuser: 'SUPERUSER',
  createRole: 'CREATEROLE',
  createDatabase: 'CREATEDB',
  replication: 'REPLICATION',
  bypassRowLevelSecurity: 'BYPASSRLS',
} as const;

function roleSql(verb: 'CREATE' | 'ALTER', inputs: Properties, changesPassword: boolean): string {
  const name = quoteIdent(text(inputs, 'name'));
  const attributes = Object.entries(ATTRIBUTES)
    .filter(([input]) => inputs[input] !== undefined)
    .map(([input, word]) => (inputs[input] === true ? word : `NO${word}`));
  const password = text(inputs, 'password') || text(inputs, 'passwordWo');
  if (password && changesPassword) attributes.push(`PASSWORD ${quoteLiteral(password)}`);
  if (inputs['connectionLimit'] !== undefined) {
    attributes.push(`CONNECTION LIMIT ${Number(inputs['connectionLimit'])}`);
  }
  const paths = texts(inputs, 'searchPaths').map(quoteIdent).join(', ');
  return [
    attributes.length > 0 || verb === 'CREATE' ? `${verb} ROLE ${name} ${attributes.join(' ')};` : '',
    paths ? `ALTER ROLE ${name} SET search_path TO ${paths};` : `ALTER ROLE ${name} RESET search_path;`,
  ].join('\n');
}

/** Memberships as wanted: the real plugin revokes all and grants anew. */
function membershipsSql(name: string, before: readonly string[], wanted: readonly string[]): string {
  const role = quoteIdent(name);
  return [
    ...before.map((group) => `REVOKE ${quoteIdent(group)} FROM ${role};`),
    ...wanted.map((group) => `GRANT ${quoteIdent(group)} TO ${role};`),
  ].join('\n');
}

const role = resourceType<Databases, RoleArgs>({
  inputs: [
    'name',
    ...(Object.keys(ATTRIBUTES) as (keyof typeof ATTRIBUTES)[]),
    'password',
    'passwordWo',
    'passwordWoVersion',
    'encryptedPassword',
    'connectionLimit',
    'searchPaths',
    'roles',
    'skipDropRole',
    'skipReassignOwned',
  ],
  required: ['name'],
  replaceOn: [],
  writeOnly: ['passwordWo'],
  remembered: ['password', 'passwordWoVersion', 'encryptedPassword', 'skipDropRole', 'skipReassignOwned'],
  ordered: ['searchPaths'],
  id: (inputs) => text(inputs, 'name'),
  async read(id, state, databases) {
    const [row] = await databases.of(state).query<RoleRow>(ROLE, [id]);
    if (!row) return undefined;
    const setting = row.config?.find((entry) => entry.startsWith('search_path='));
    const paths = setting?.slice('search_path='.length).split(',') ?? [];
    return {
      name: id,
      login: row.login,
      inherit: row.inherit,
      superuser: row.superuser,
      createRole: row.create_role,
      createDatabase: row.create_database,
      replication: row.replication,
      bypassRowLevelSecurity: row.bypass,
      connectionLimit: row.limit,
      searchPaths: paths.map((path) => path.trim().replaceAll('"', '')),
      roles: row.roles ?? [],
    };
  },
  async create(inputs, databases) {
    const sql = [
      roleSql('CREATE', inputs, true),
      membershipsSql(text(inputs, 'name'), [], texts(inputs, 'roles')),
    ];
    await databases.of({}).script(sql.join('\n'));
  },
  async update(inputs, state, databases) {
    const [before, after] = [text(state, 'name'), text(inputs, 'name')];
    const renaming =
      before === after ? '' : `ALTER ROLE ${quoteIdent(before)} RENAME TO ${quoteIdent(after)};\n`;
    const isNewPassword =
      renaming !== '' ||
      state['password'] !== inputs['password'] ||
      state['passwordWoVersion'] !== inputs['passwordWoVersion'];
    const now = await this.read(before, state, databases);
    const groups = membershipsSql(after, texts(now ?? {}, 'roles'), texts(inputs, 'roles'));
    const wantsGroups = inputs['roles'] !== undefined;
    const sql = `${renaming}${roleSql('ALTER', inputs, isNewPassword)}\n${wantsGroups ? groups : ''}`;
    await databases.of({}).script(sql);
  },
  async delete(id, state, databases) {
    const name = quoteIdent(id);
    const own =
      state['skipReassignOwned'] === true
        ? ''
        : `REASSIGN OWNED BY ${name} TO CURRENT_USER; DROP OWNED BY ${name};`;
    const drop = state['skipDropRole'] === true ? '' : `DROP ROLE ${name};`;
    if (own || drop) await databases.of({}).script(`${own}\n${drop}`);
  },
});

const schema = resourceType<Databases, SchemaArgs>({
  inputs: ['name', 'database', 'owner', 'ifNotExists', 'dropCascade'],
  required: ['name'],
  replaceOn: ['database'],
  defaults: { ifNotExists: true, dropCascade: false },
  remembered: ['ifNotExists', 'dropCascade'],
  // The real plugin's: database.schema.
  id: (inputs) => `${text(inputs, 'database') || 'postgres'}.${text(inputs, 'name')}`,
  async read(id, state, databases) {
    const cut = id.indexOf('.');
    const [database, name] = [id.slice(0, cut), id.slice(cut + 1)];
    const [row] = await databases
      .of({ ...state, database })
      .query<{ owner: string }>(
        'SELECT pg_get_userbyid(nspowner) AS owner FROM pg_namespace WHERE nspname = $1',
        [name],
      );
    return row && { database, name, owner: row.owner };
  },
  async create(inputs, databases) {
    const unless = inputs['ifNotExists'] === true ? 'IF NOT EXISTS' : '';
    const owner = inputs['owner'] === undefined ? '' : `AUTHORIZATION ${quoteIdent(text(inputs, 'owner'))}`;
    await databases
      .of(inputs)
      .script(`CREATE SCHEMA ${unless} ${quoteIdent(text(inputs, 'name'))} ${owner};`);
  },
  async update(inputs, state, databases) {
    const [before, after] = [text(state, 'name'), text(inputs, 'name')];
    const name = quoteIdent(after);
    const renaming = before === after ? '' : `ALTER SCHEMA ${quoteIdent(before)} RENAME TO ${name};`;
    const owner =
      inputs['owner'] === undefined
        ? ''
        : `ALTER SCHEMA ${name} OWNER TO ${quoteIdent(text(inputs, 'owner'))};`;
    if (renaming || owner) await databases.of(inputs).script(`${renaming}\n${owner}`);
  },
  async delete(_id, state, databases) {
    const how = state['dropCascade'] === true ? 'CASCADE' : 'RESTRICT';
    await databases.of(state).script(`DROP SCHEMA ${quoteIdent(text(state, 'name'))} ${how};`);
  },
});

export const postgresqlTypes: Readonly<Record<string, ResourceType<Databases>>> = {
  'postgresql:index/role:Role': role,
  'postgresql:index/schema:Schema': schema,
  'postgresql:index/grant:Grant': grant,
  'postgresql:index/defaultPrivileges:DefaultPrivileges': defaultPrivileges,
};
