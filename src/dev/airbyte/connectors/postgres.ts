/** Airbyte's Postgres destination. */
import type { ConnectorDefinition, Field, ObjectField } from './definition.ts';

const secret: Field = { type: 'string', secret: true };
const port: Field = { type: 'integer', minimum: 0, maximum: 65_536 };
const plain: Omit<ObjectField, 'type'> = { fields: {}, required: ['mode'], closed: true };

export const postgres: ConnectorDefinition = {
  name: 'postgres',
  definitionId: '25c5221d-dce2-4163-ade9-739ef790f503',
  configuration: {
    required: ['host', 'port', 'username', 'database', 'schema'],
    fields: {
      host: { type: 'string' },
      port,
      database: { type: 'string' },
      schema: { type: 'string' },
      username: { type: 'string' },
      password: secret,
      ssl: { type: 'boolean' },
      jdbc_url_params: { type: 'string' },
      raw_data_schema: { type: 'string' },
      disable_type_dedupe: { type: 'boolean' },
      drop_cascade: { type: 'boolean' },
      unconstrained_number: { type: 'boolean' },
      ssl_mode: {
        type: 'oneOf',
        discriminator: 'mode',
        variants: {
          disable: plain,
          allow: plain,
          prefer: plain,
          require: plain,
          'verify-ca': {
            fields: { ca_certificate: secret, client_key_password: secret },
            required: ['mode', 'ca_certificate'],
            closed: true,
          },
          'verify-full': {
            fields: {
              ca_certificate: secret,
              client_certificate: secret,
              client_key: secret,
              client_key_password: secret,
            },
            required: ['mode', 'ca_certificate', 'client_certificate', 'client_key'],
            closed: true,
          },
        },
      },
      tunnel_method: {
        type: 'oneOf',
        discriminator: 'tunnel_method',
        variants: {
          NO_TUNNEL: { fields: {}, required: ['tunnel_method'] },
          SSH_KEY_AUTH: {
            fields: {
              tunnel_host: { type: 'string' },
              tunnel_port: port,
              tunnel_user: { type: 'string' },
              ssh_key: secret,
            },
            required: ['tunnel_method', 'tunnel_host', 'tunnel_port', 'tunnel_user', 'ssh_key'],
          },
          SSH_PASSWORD_AUTH: {
            fields: {
              tunnel_host: { type: 'string' },
              tunnel_port: port,
              tunnel_user: { type: 'string' },
              tunnel_user_password: secret,
            },
            required: ['tunnel_method', 'tunnel_host', 'tunnel_port', 'tunnel_user', 'tunnel_user_password'],
          },
        },
      },
    },
  },
};
