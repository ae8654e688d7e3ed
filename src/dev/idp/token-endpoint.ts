/** The token endpoint of a fake vendor: reads the request as strictly as the vendor does, then asks the library. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { refusedAnswer } from './answers.ts';
import { type ClientRecord, findClientBySecret } from './clients.ts';
import { type Exchange, type Handler, sendJson } from './exchange.ts';
import type { FaultSwitch } from './faults.ts';
import { answerAsForm } from './front.ts';
import type { VendorProfile } from './profile.ts';
import { asFormPost, type Fields, readFields, withClientFields } from './request.ts';
import { toLibraryScope } from './scopes.ts';
import type { IdpStore } from './store.ts';

export interface TokenEndpointOptions {
  readonly vendor: string;
  readonly profile: VendorProfile;
  readonly provider: Provider;
  readonly store: IdpStore;
  readonly faults: FaultSwitch;
  readonly toLibrary: (request: IncomingMessage, response: ServerResponse, path: string) => Promise<void>;
}

interface Refusal {
  readonly error: string;
  readonly error_description: string;
}

export function tokenEndpoint(options: TokenEndpointOptions): Handler {
  const { vendor, profile, faults } = options;
  const inTurn = turns();
  return async (exchange) => {
    const { request, response } = exchange;
    const raw = await readTokenRequest(request);
    const kind = raw?.grant_type ?? (profile.grantTypeOptional ? 'authorization_code' : '');
    await faults.run(kind, response, async () => {
      const refusal = raw === undefined ? UNREADABLE : problemOf(profile, request, raw);
      if (raw === undefined || refusal !== undefined) {
        refuse(vendor, response, kind, refusal ?? UNREADABLE);
        return;
      }
      // Two requests with one token at the same moment: the second must see what the first did.
      await inTurn(raw.refresh_token ?? raw.code, () =>
        redeem(options, exchange, clientFields(options, request, { ...raw, grant_type: kind })),
      );
    });
  };
}

const UNREADABLE: Refusal = {
  error: 'invalid_request',
  error_description: 'failed to parse the request body',
};

async function readTokenRequest(request: IncomingMessage): Promise<Fields | undefined> {
  try {
    const { resource: _, ...fields } = await readFields(request);
    return fields;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Where and how the client's secret and the fields stand, when the vendor takes them in one way only. */
function problemOf(profile: VendorProfile, request: IncomingMessage, fields: Fields): Refusal | undefined {
  const isJson = (request.headers['content-type'] ?? '').includes('json');
  const { tokenRequestFormat: format, clientAuthentication: authentication } = profile;
  if (format !== 'any' && isJson !== (format === 'json')) {
    return {
      error: 'invalid_request',
      error_description: `the body must be ${format === 'json' ? 'JSON' : 'a form'}`,
    };
  }
  const inHeader = /^Basic\s/i.test(request.headers.authorization ?? '');
  const inBody = fields.client_secret !== undefined;
  const wanted = authentication === 'body' ? inBody && !inHeader : inHeader && !inBody;
  if (authentication === 'any' || wanted) return undefined;
  return { error: 'invalid_client', error_description: `client authentication must be ${authentication}` };
}

function clientFields(
  { profile, store, vendor }: TokenEndpointOptions,
  request: IncomingMessage,
  fields: Fields,
): Fields {
  if (profile.clientAuthentication !== 'basic-secret') return withClientFields(request, fields);
  const { client_id: secret = '' } = withClientFields(request, {});
  const client: ClientRecord | undefined = findClientBySecret(store, vendor, secret);
  return { ...fields, client_id: client?.clientId ?? 'unknown', client_secret: secret };
}

async function redeem(options: TokenEndpointOptions, exchange: Exchange, fields: Fields): Promise<void> {
  const { vendor, profile, provider } = options;
  const { request, response, account } = exchange;
  if (fields.scope !== undefined) fields.scope = toLibraryScope(fields.scope);
  const isCode = fields.grant_type === 'authorization_code';
  const source = isCode
    ? await provider.AuthorizationCode.find(fields.code ?? '')
    : await provider.RefreshToken.find(fields.refresh_token ?? '');
  if (account !== undefined && source !== undefined && source.accountId !== account) {
    const error_description = 'this host knows no such grant';
    refuse(vendor, response, fields.grant_type ?? '', { error: 'invalid_grant', error_description });
    return;
  }
  if (vendor === 'github') {
    // GitHub does not ask for it again.
    if (source?.kind === 'AuthorizationCode') fields.redirect_uri ??= source.redirectUri ?? '';
    if (!(request.headers.accept ?? '').includes('json')) answerAsForm(response);
  }
  await options.toLibrary(asFormPost(request, fields), response, profile.paths.token);
}

function refuse(vendor: string, response: ServerResponse, grantType: string, refusal: Refusal): void {
  const status = refusal.error === 'invalid_client' ? 401 : 400;
  const answer = refusedAnswer(vendor, refusal, { status, grantType, knownClient: true });
  sendJson(response, answer.status, answer.body);
}

/** Runs the work of one key one after the other. */
function turns(): (key: string | undefined, work: () => Promise<void>) => Promise<void> {
  const last = new Map<string, Promise<void>>();
  return (key, work) => {
    if (key === undefined) return work();
    const turn = (last.get(key) ?? Promise.resolve()).then(work, work);
    last.set(key, turn);
    const forget = (): void => {
      if (last.get(key) === turn) last.delete(key);
    };
    turn.then(forget, forget);
    return turn;
  };
}
