/** Fake Google APIs: what Drive and Sheets are asked for after a person connected them. */
import type { FastifyReply } from 'fastify';
import { digest } from '../idp/tenant-facts.ts';
import { rows, seededNumber, seededTitle } from './seed.ts';
import { fieldsOf, sizeField, textField, type VendorApi } from './vendor-api.ts';

export const googleApi: VendorApi = {
  integration: 'google',
  serves: ['google-drive', 'google-sheets'],
  refuse: (reply) => {
    reply.header('www-authenticate', 'Bearer realm="https://accounts.google.com/", error="invalid_token"');
    const message = 'Request had invalid authentication credentials.';
    return fail(reply, 401, 'UNAUTHENTICATED', message);
  },
  routes(api) {
    // https://developers.google.com/workspace/drive/api/reference/rest/v3/about/get
    api.get('/drive/v3/about', async (request, reply) => {
      if (textField(fieldsOf(request).fields) === undefined)
        return fail(reply, 400, 'INVALID_ARGUMENT', "The 'fields' parameter is required for this method.");
      const { tenant } = request;
      const user = {
        kind: 'drive#user',
        displayName: `${tenant} owner`,
        me: true,
        permissionId: googleId('permission', tenant),
        emailAddress: `owner@${tenant}.example`,
      };
      return { user };
    });
    api.get('/drive/v3/files', async (request) => {
      const { tenant } = request;
      const size = sizeField(fieldsOf(request).pageSize, 100, 1000);
      const files = rows(seededNumber(3, 30, 'drive files', tenant), (index) => ({
        kind: 'drive#file',
        id: googleId('file', tenant, String(index)),
        name: seededTitle('drive file', tenant, String(index)),
        mimeType: 'text/plain',
      }));
      return { kind: 'drive#fileList', incompleteSearch: false, files: files.slice(0, size) };
    });
    api.get('/v4/spreadsheets/:id', async (request) => {
      const { id } = request.params as { id: string };
      const title = seededTitle('spreadsheet', request.tenant, id);
      return { spreadsheetId: id, properties: { title }, sheets: [{ properties: { title: 'Sheet1' } }] };
    });
    api.setNotFoundHandler((_request, reply) => fail(reply, 404, 'NOT_FOUND', 'Not Found'));
  },
};

function googleId(...words: readonly string[]): string {
  return BigInt(`0x${digest('google', ...words).slice(0, 16)}`).toString();
}

function fail(reply: FastifyReply, code: number, status: string, message: string): FastifyReply {
  return reply.code(code).send({ error: { code, message, status } });
}
