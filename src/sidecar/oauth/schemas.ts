/** Schemas that several routes of connecting and of tenants use. */
import { z } from 'zod';
import { documentName } from '../../spec/names.ts';

export const tenantName = documentName.describe('Name of the Tenant document.');
export const integrationName = documentName.describe('Id of the catalog entry, e.g. notion.');

export const integrationParam = z.object({ integration: integrationName });
export const placeParams = z.object({ tenant: tenantName, integration: integrationName });

export const redirectUri = z
  .string()
  .max(2048)
  .describe(
    'Where the person is sent afterwards, with `status` (connected or failed), `integration` and `error` in the query. Must be in spec.sidecar.redirectUris or below /ui/. Default: a page of ours says how it went.',
  );

export const openerOrigin = z
  .string()
  .max(512)
  .describe(
    'Origin of the page that opens the popup. It gets the message {type: "oauth_complete", integration, status}. Must be in spec.sidecar.origins or our own.',
  );

export const errorCode = z.string().describe('A code of the errors of Tenantry, e.g. ConnectDenied.');
export const when = z.iso.datetime().describe('RFC 3339.');
