/** What is taken as an app of a tenant's own: checked by the fields of the catalog before anything is kept. */
import { createPrivateKey } from 'node:crypto';
import { z } from 'zod';
import type { CatalogEntry } from '../../catalog/entry.ts';
import { TenantryError } from '../../errors.ts';
import { ownAppFields } from '../providers/own-app.ts';
import type { OwnApp } from '../providers/stored-app.ts';

const PRINTABLE = /^[^\s\p{Cc}](?:[^\p{Cc}]*[^\s\p{Cc}])?$/u;
const WRONG = 'holds line breaks, spaces around it or other characters that it cannot have';

const plain = z.string().min(1).max(512).regex(PRINTABLE, WRONG);
/** Shorter ones could not be taken out of a log, and are no secrets. */
const secret = z.string().min(6).max(8192).regex(PRINTABLE, WRONG);

export const ownAppBody = z
  .strictObject({
    clientId: plain.describe('Client id, as the provider shows it.'),
    clientSecret: secret.describe(
      'Client secret; kept encrypted with the tenant’s key and never shown again.',
    ),
    appId: plain.optional().describe('Id of a GitHub App.'),
    slug: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,200}$/, 'must be letters, digits, "_" and "-"')
      .optional()
      .describe('Name of the app in the provider’s URLs (GitHub App, Sentry).'),
    privateKey: z.string().min(1).max(16_384).optional().describe('PEM of a GitHub App’s private key.'),
    webhookSecret: secret.optional().describe('What the provider signs the app’s webhooks with.'),
  })
  .meta({ id: 'OwnAppCredentials', description: 'An app of the tenant’s own at the provider.' });

/** @throws InvalidRequest, which names the field in brackets and repeats nothing of it */
export function checkedApp(entry: CatalogEntry, body: z.output<typeof ownAppBody>): OwnApp {
  const fields = ownAppFields(entry);
  const missing = fields.find(({ key, required }) => required && body[key] === undefined);
  if (missing) throw invalid(`${missing.label} is missing (${missing.key})`);
  const more = Object.entries(body).find(
    ([key, value]) => value !== undefined && !fields.some((field) => field.key === key),
  );
  if (more) throw invalid(`an app of ${entry.name} has no such field (${more[0]})`);
  const { clientId, clientSecret, appId, slug, privateKey, webhookSecret } = body;
  return {
    clientId,
    clientSecret,
    ...(appId !== undefined && { appId }),
    ...(slug !== undefined && { slug }),
    ...(privateKey !== undefined && { privateKey: checkedKey(privateKey) }),
    ...(webhookSecret !== undefined && { webhookSecret }),
  };
}

/** A line break may have been written as two characters, as one-line settings need it. */
function checkedKey(text: string): string {
  const pem = text.replaceAll('\\n', '\n').trim();
  try {
    if (createPrivateKey(pem).asymmetricKeyType === 'rsa') return `${pem}\n`;
  } catch {
    // What the parser says may hold parts of the key.
  }
  throw invalid(
    'the private key is no RSA key in PEM (privateKey)',
    'give the whole file, with its first and last line',
  );
}

function invalid(message: string, hint = 'correct it and try again'): TenantryError {
  return new TenantryError('InvalidRequest', message, { hint });
}
