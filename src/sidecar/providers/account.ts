/** The call after a grant that tells whose account it is (`account` of a catalog entry). */
import type { Auth } from '../../catalog/auth.ts';
import { createRetry, type Outcome } from '../../clients/retry.ts';
import { TenantryError } from '../../errors.ts';
import { bearerHeaders } from './api-headers.ts';
import { callProvider, type ProviderAnswer } from './call.ts';
import { factsAt, parseJson } from './json.ts';
import type { ProviderContext } from './kind.ts';
import { noTokenSet, refusal } from './refusals.ts';

type Account = NonNullable<Extract<Auth, { kind: 'oauth2' }>['account']>;

export interface AccountRequest {
  readonly account: Account | undefined;
  /** Access token, or the JWT of a GitHub App. */
  readonly bearer: string;
  /** Values for the URL beside the context's. */
  readonly values: Readonly<Record<string, string>>;
}

/** A person waits in the browser, and the code is used up: a passing fault must not cost the connection. */
const retry = createRetry({ retries: 2, delayMs: 300 });
const MOST_WAIT_SECONDS = 2;

/**
 * @returns the facts; none where the entry has no such call
 * @throws ConnectDenied when the account has nothing to connect; ProviderUnavailable, ProviderRejected
 */
export async function accountFacts(
  context: ProviderContext,
  { account, bearer, values }: AccountRequest,
): Promise<Record<string, string>> {
  if (account === undefined) return {};
  const { name } = context.entry;
  const headers = bearerHeaders(context, account.url, bearer);
  const url = context.url(account.url, values);
  const body = account.body === undefined ? undefined : JSON.stringify(account.body);
  const answer = await retry(async () => {
    return await attempt(context, () =>
      body === undefined
        ? callProvider(context, url, { method: 'GET', headers })
        : callProvider(context, url, {
            method: 'POST',
            headers: { ...headers, 'content-type': 'application/json' },
            body,
          }),
    );
  }, context.signal);
  const found = parseJson(answer.text);
  if (typeof found !== 'object' || found === null) throw noTokenSet(context, answer);
  const facts = factsAt(found, account.facts);
  if (Array.isArray(found) && found.length === 0) {
    throw new TenantryError('ConnectDenied', `the grant of ${name} is good for no account`, {
      hint: `connect again and choose a site or workspace of ${name}`,
    });
  }
  if (Object.keys(facts).length === 0 && Object.keys(account.facts).length > 0) {
    throw new TenantryError('ProviderRejected', `${name} does not tell whose account it is`);
  }
  return facts;
}

async function attempt(
  context: ProviderContext,
  call: () => Promise<ProviderAnswer>,
): Promise<Outcome<ProviderAnswer>> {
  try {
    const answer = await call();
    if (answer.status >= 200 && answer.status <= 299) return { value: answer };
    throw refusal(context, answer, 'account');
  } catch (error) {
    const isPassing = error instanceof TenantryError && error.code === 'ProviderUnavailable';
    if (isPassing && (error.retryAfterSeconds ?? 0) <= MOST_WAIT_SECONDS) return { again: error };
    throw error;
  }
}
