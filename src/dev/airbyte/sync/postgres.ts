/** Connects to Postgres with the settings of a destination, as Airbyte's connector would. */
import pg from 'pg';
import { type JsonObject, objectAt, textAt } from '../connectors/definition.ts';

const CONNECT_MILLISECONDS = 10_000;

type Tls = NonNullable<pg.ClientConfig['ssl']>;

/** The caller ends the client. */
export async function connectDestination(configuration: JsonObject): Promise<pg.Client> {
  const tunnel = textAt(objectAt(configuration, 'tunnel_method'), 'tunnel_method');
  if (tunnel !== '' && tunnel !== 'NO_TUNNEL') throw new Error('the embedded environment has no SSH tunnel');
  const mode = objectAt(configuration, 'ssl_mode');
  const name = textAt(mode, 'mode') || (configuration.ssl === true ? 'require' : 'disable');
  try {
    return await connect(configuration, tls(name, mode));
  } catch (error) {
    const refused = error instanceof Error && error.message.includes('does not support SSL');
    if (name !== 'prefer' || !refused) throw error;
    return connect(configuration, false);
  }
}

function tls(name: string, mode: JsonObject): Tls {
  if (name === 'disable' || name === 'allow') return false;
  if (name === 'prefer' || name === 'require') return { rejectUnauthorized: false };
  const [ca, cert, key] = ['ca_certificate', 'client_certificate', 'client_key'].map((field) =>
    textAt(mode, field),
  );
  return {
    rejectUnauthorized: true,
    ca,
    ...(cert ? { cert } : {}),
    ...(key ? { key, passphrase: textAt(mode, 'client_key_password') } : {}),
    // verify-ca does not look at the name in the certificate.
    ...(name === 'verify-ca' ? { checkServerIdentity: () => undefined } : {}),
  };
}

async function connect(configuration: JsonObject, ssl: Tls): Promise<pg.Client> {
  const client = new pg.Client({
    host: textAt(configuration, 'host'),
    port: Number(configuration.port),
    database: textAt(configuration, 'database'),
    user: textAt(configuration, 'username'),
    password: textAt(configuration, 'password'),
    ssl,
    application_name: 'airbyte',
    connectionTimeoutMillis: CONNECT_MILLISECONDS,
  });
  // Without a listener a connection that breaks would end the process; the next query reports it.
  client.on('error', () => {});
  await client.connect();
  return client;
}
