/** Checks what the browser brought back from the provider, before anything of it is used. */
import { AuthorizationResponseError, skipStateCheck, validateAuthResponse } from 'oauth4webapi';
import { TenantryError } from '../../errors.ts';
import type { CallbackRequest, ProviderContext } from './kind.ts';

export interface CallbackRules {
  /** False: the provider does not send our state back; one that comes all the same must be ours. Default true. */
  readonly returnsState?: boolean;
  /** RFC 9207: where the redirect names an issuer, it must be this. */
  readonly issuer?: string | undefined;
}

/** Errors of RFC 6749 section 4.1.2.1 that blame the app and not the person. */
const APP_ERRORS = new Set([
  'invalid_request',
  'unauthorized_client',
  'unsupported_response_type',
  'invalid_scope',
]);
const PASSING_ERRORS = new Set(['server_error', 'temporarily_unavailable']);

/**
 * The parameters of the redirect, in the form that the library's code grant takes.
 * @throws StateInvalid (state, iss, or a parameter that is there twice), ConnectDenied, ProviderRejected,
 *   ProviderUnavailable
 */
export function checkCallback(
  context: ProviderContext,
  { callback, state }: Pick<CallbackRequest, 'callback' | 'state'>,
  { returnsState = true, issuer }: CallbackRules = {},
): URLSearchParams {
  const parameters = new URLSearchParams(callback.searchParams);
  const isLeftOut = !returnsState && !parameters.has('state');
  // Without a known issuer there is nothing to compare with.
  if (issuer === undefined) parameters.delete('iss');
  const server = { issuer: expectedIssuer(context, issuer, parameters.get('iss')) };
  try {
    const client = { client_id: context.app.clientId };
    return validateAuthResponse(server, client, parameters, isLeftOut ? skipStateCheck : state);
  } catch (error) {
    if (error instanceof AuthorizationResponseError) throw refused(context, error.error);
    // The library's error holds the parameters, and so the code: it is not kept as the cause.
    throw new TenantryError(
      'StateInvalid',
      `what came back from ${context.entry.name} does not belong to this flow`,
    );
  }
}

/** The provider's issuer, or the same at the address that calls for it are sent to. */
function expectedIssuer(context: ProviderContext, issuer: string | undefined, named: string | null): string {
  if (issuer === undefined) return 'https://issuer.invalid';
  const there = context.url(issuer).href;
  return named === there || `${named}/` === there ? (named ?? issuer) : issuer;
}

function refused({ entry: { name } }: ProviderContext, code: string): TenantryError {
  const said = /^[a-z]+(?:_[a-z]+)*$/.test(code) && code.length <= 64 ? ` (${code})` : '';
  if (PASSING_ERRORS.has(code))
    return new TenantryError('ProviderUnavailable', `${name} cannot ask now${said}`);
  if (APP_ERRORS.has(code)) return new TenantryError('ProviderRejected', `${name} refuses the app${said}`);
  return new TenantryError('ConnectDenied', `nobody agreed at ${name}${said}`);
}

/** Values of a redirect are written by whoever opens it: short plain text, each parameter once. */
export function callbackFacts(
  parameters: URLSearchParams,
  wanted: Readonly<Record<string, string>>,
): Record<string, string> {
  const facts: Record<string, string> = {};
  for (const [name, parameter] of Object.entries(wanted)) {
    const [value, ...more] = parameters.getAll(parameter);
    if (value !== undefined && more.length === 0 && /^[^\p{Cc}]{1,256}$/u.test(value)) facts[name] = value;
  }
  return facts;
}
