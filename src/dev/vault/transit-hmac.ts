/** Transit: HMAC of an input and its verification, one value or a batch. */
import { intField, isRecord, stringField } from './fields.ts';
import { badRequest, multiError, type RequestData, VaultRefusal, type VaultResponse } from './request.ts';
import type { Route, RouteCall } from './routes.ts';
import type { TransitKey } from './state.ts';
import { decodeBase64, hashName, hmac, parseVersioned, sameBytes, TransitError } from './transit-crypto.ts';
import type { TransitKeys } from './transit-keys.ts';

type Item = Readonly<Record<string, unknown>>;

function batchOf(data: RequestData): readonly Item[] | undefined {
  const batch = data.batch_input;
  if (batch === undefined || batch === null) return undefined;
  if (!Array.isArray(batch) || !batch.every(isRecord)) {
    throw new VaultRefusal(500, multiError('failed to parse batch input: expected a list of maps'));
  }
  if (batch.length === 0) throw badRequest('missing batch input to process');
  return batch;
}

function keyFor(keys: TransitKeys, call: RouteCall): TransitKey {
  const key = keys.get(call.params.name ?? '');
  if (key === undefined) throw badRequest('encryption key not found');
  return key;
}

function hashFor(call: RouteCall): string {
  const { data } = call;
  const inBody = stringField(data, 'hash_algorithm') ?? stringField(data, 'algorithm');
  const hash = hashName(call.params.algorithm ?? inBody ?? 'sha2-256');
  // Vault prints an unset number here, not the name.
  if (hash === undefined) throw badRequest(String.raw`unsupported algorithm '\x00'`);
  return hash;
}

function inputOf(item: Item, missing: string): Buffer {
  if (item.input === undefined) throw new TransitError(missing);
  try {
    return decodeBase64(stringField(item, 'input') ?? '');
  } catch (error) {
    throw new TransitError(`unable to decode input as base64: ${(error as Error).message}`);
  }
}

/** One result of a batch always says `valid`, also where it was only made. */
function result(item: Item, work: (item: Item) => Item): Item {
  const reference = stringField(item, 'reference') ?? '';
  try {
    return { valid: false, ...work(item), reference };
  } catch (error) {
    if (error instanceof TransitError) return { valid: false, error: error.message, reference };
    throw error;
  }
}

function answer(call: RouteCall, single: Item, work: (item: Item) => Item): VaultResponse {
  const batch = batchOf(call.data);
  if (batch !== undefined) return { data: { batch_results: batch.map((item) => result(item, work)) } };
  try {
    return { data: work(single) };
  } catch (error) {
    if (error instanceof TransitError) throw badRequest(error.message);
    throw error;
  }
}

function make(keys: TransitKeys, call: RouteCall): VaultResponse {
  const key = keyFor(keys, call);
  const asked = intField(call.data, 'key_version') ?? 0;
  const version = asked === 0 ? key.latestVersion : asked;
  if (version !== key.latestVersion && version < key.minEncryptionVersion) {
    throw badRequest('cannot generate HMAC: version is too old (disallowed by policy)');
  }
  const hash = hashFor(call);
  return answer(call, call.data, (item) => {
    const digest = hmac(key, version, hash, inputOf(item, 'missing input for HMAC'));
    return { hmac: `vault:v${version}:${digest.toString('base64')}` };
  });
}

function check(key: TransitKey, hash: string, item: Item): Item {
  const input = inputOf(item, 'missing input');
  if (item.hmac === undefined) throw new TransitError('missing hmac');
  const { version, payload } = parseVersioned(stringField(item, 'hmac') ?? '', 'HMAC');
  if (version > key.latestVersion) throw new TransitError('invalid HMAC: version is too new');
  if (version < key.minDecryptionVersion) {
    throw new TransitError('cannot verify HMAC: version is too old (disallowed by policy)');
  }
  let given: Buffer;
  try {
    given = decodeBase64(payload);
  } catch (error) {
    throw new TransitError(`unable to decode verification HMAC as base64: ${(error as Error).message}`);
  }
  return { valid: sameBytes(hmac(key, version, hash, input), given) };
}

function verify(keys: TransitKeys, call: RouteCall): VaultResponse {
  const { data } = call;
  const batch = batchOf(data);
  if (batch === undefined && data.hmac === undefined) {
    throw badRequest("missing one of 'signature', 'hmac' or 'cmac' arguments to verify");
  }
  const signed = (batch ?? [data]).some((item) => item.signature !== undefined || item.cmac !== undefined);
  if (signed) throw badRequest('the development Vault verifies HMACs only');
  const key = keyFor(keys, call);
  const hash = hashFor(call);
  const single = { input: stringField(data, 'input') ?? '', hmac: data.hmac };
  return answer(call, single, (item) => check(key, hash, item));
}

/** `name` is the source of the pattern for key names. */
export function transitHmacRoutes(keys: TransitKeys, name: string): readonly Route[] {
  const algorithm = String.raw`(?:/(?<algorithm>[\w-]+))?`;
  return [
    { pattern: new RegExp(`^hmac/${name}${algorithm}$`), operations: { update: (call) => make(keys, call) } },
    {
      pattern: new RegExp(`^verify/${name}${algorithm}$`),
      operations: { update: (call) => verify(keys, call) },
    },
  ];
}
