/** Registrations of the kinds in Postgres, by the classes of @pulumi/postgresql. */
import { createHash } from 'node:crypto';
import * as postgresql from '@pulumi/postgresql';
import * as pulumi from '@pulumi/pulumi';
import { scramVerifier } from '../../clients/scram.ts';
import type { InputsOf } from '../../resources/index.ts';
import type { Registration, SecretOutput } from './registration.ts';

export const role: Registration<InputsOf<'postgres:role'>> = ({ name, searchPath, login }, site) => {
  const password = login && site.secret((site.resource.inputs as LoginRole).login.password);
  const args: postgresql.RoleArgs = {
    name,
    login: login !== undefined,
    searchPaths: [searchPath],
    ...(login && { connectionLimit: login.connectionLimit }),
    ...(password && { passwordWo: verifierOf(password), passwordWoVersion: password.version }),
  };
  // The write-only argument is in no output, but Pulumi keeps every input.
  const options = site.options({ additionalSecretOutputs: ['passwordWo'] });
  return { resources: [new postgresql.Role(site.name, args, options)] };
};

interface LoginRole {
  readonly login: NonNullable<InputsOf<'postgres:role'>['login']>;
}

const SALT_BYTES = 16;

/**
 * What Postgres keeps of the password, so that the password itself stands neither in its log nor in this resource. The
 * salt comes from the version: another one at each run would be a change at each run.
 */
function verifierOf({ value, version }: SecretOutput): pulumi.Output<string> {
  const verifier = pulumi.all([value, version]).apply(([password, text]) => {
    const salt = createHash('sha256').update(`${text} ${password}`).digest().subarray(0, SALT_BYTES);
    return scramVerifier(password, { salt });
  });
  return pulumi.secret(verifier);
}

export const schema: Registration<InputsOf<'postgres:schema'>> = ({ name }, site) => {
  const args = {
    name,
    database: site.settings.database,
    // By itself the class takes any schema of that name for its own.
    ifNotExists: site.resource.adopt || site.returning,
    dropCascade: site.resource.deletion === 'Delete',
  };
  // `ifNotExists` means nothing any more once the schema is there. The roles come first, so that they go last: what they
  // own cannot be handed over while the schema is being dropped.
  const options = site.options({ ignoreChanges: ['ifNotExists'] }, site.siblings('postgres:role'));
  return { resources: [new postgresql.Schema(site.name, args, options)] };
};

export const grants: Registration<InputsOf<'postgres:grants'>> = (inputs, site) => {
  const { database } = site.settings;
  const on = { database, schema: inputs.schema };
  const grant = (name: string, args: Omit<postgresql.GrantArgs, 'database' | 'schema'>): postgresql.Grant =>
    site.inTurn((options) => new postgresql.Grant(`${site.name}-${name}`, { ...on, ...args }, options));
  const { loader, reader } = inputs;
  const resources = [
    grant('loader', { objectType: 'schema', role: loader, privileges: ['CREATE', 'USAGE'] }),
    grant('reader', { objectType: 'schema', role: reader, privileges: ['USAGE'] }),
    // No privileges is a statement too: what somebody grants to everybody is taken back.
    grant('public', { objectType: 'schema', role: 'public', privileges: [] }),
    grant('tables', { objectType: 'table', role: reader, privileges: ['SELECT'] }),
    site.inTurn(
      (options) =>
        new postgresql.DefaultPrivileges(
          `${site.name}-defaults`,
          { ...on, objectType: 'table', owner: loader, role: reader, privileges: ['SELECT'] },
          options,
        ),
    ),
  ];
  return { resources };
};
