/** Transit: encrypt, decrypt, rewrap and data keys, one value or a batch. */
import { randomBytes } from 'node:crypto';
import { has, intField, isRecord, stringField } from './fields.ts';
import { badRequest, multiError, type RequestData, VaultRefusal, type VaultResponse } from './request.ts';
import type { Route, RouteCall } from './routes.ts';
import type { TransitKey } from './state.ts';
import { decodeBase64, decrypt, type Encrypted, encrypt, TransitError } from './transit-crypto.ts';
import type { TransitKeys } from './transit-keys.ts';

type Item = Readonly<Record<string, unknown>>;
type Results = readonly Readonly<Record<string, unknown>>[];

interface Input {
  readonly isBatch: boolean;
  readonly items: readonly Item[];
}

const itemStrings = ['plaintext', 'ciphertext', 'context', 'nonce', 'associated_data', 'reference'];

function batchError(text: string): VaultRefusal {
  // Vault answers 500 here, although the mistake is the caller's.
  return new VaultRefusal(500, multiError(`failed to parse batch input: ${text}`));
}

function checkItems(items: readonly unknown[], needed: string, verb: string): readonly Item[] {
  const errors: string[] = [];
  const checked = items.map((item, index) => {
    if (!isRecord(item)) throw batchError(`[${index}] expected a map, got '${typeof item}'`);
    for (const name of itemStrings) {
      const value = item[name];
      if (value !== undefined && value !== null && typeof value !== 'string') {
        errors.push(`'[${index}].${name}' expected type 'string', got unconvertible type '${typeof value}'`);
      }
    }
    if (!(needed in item)) errors.push(`'[${index}].${needed}' missing ${needed} to ${verb}`);
    return item;
  });
  if (errors.length > 0) {
    const list = errors.map((error) => `* ${error}`).join('\n');
    throw batchError(`${errors.length} error(s) decoding:\n\n${list}`);
  }
  return checked;
}

/** The items of `batch_input`, or the request itself as the only item. */
function inputOf(data: RequestData, needed: 'plaintext' | 'ciphertext', verb: string): Input {
  const batch = data.batch_input;
  if (batch === undefined || batch === null) {
    const value = stringField(data, needed);
    if (value === undefined || (needed === 'ciphertext' && value === '')) {
      throw badRequest(`missing ${needed} to ${verb}`);
    }
    return { isBatch: false, items: [data] };
  }
  if (!Array.isArray(batch)) throw batchError(`source data must be an array or slice, got ${typeof batch}`);
  if (batch.length === 0) throw badRequest('missing batch input to process');
  return { isBatch: true, items: checkItems(batch, needed, verb) };
}

function checkContext(items: readonly Item[]): void {
  const set = items.map((item) => has(item, 'context') && item.context !== '');
  if (set.some((one) => one !== set[0])) {
    throw badRequest('context should be set either in all the request blocks or in none');
  }
}

function text(item: Item, name: string): string {
  return stringField(item, name) ?? '';
}

function associatedData(item: Item): Buffer {
  return decodeBase64(text(item, 'associated_data'));
}

/** Runs the work on each item; a mistake of the caller becomes the item's `error`. */
function each(items: readonly Item[], work: (item: Item) => Item, empty: Item = {}): Results {
  return items.map((item) => {
    const reference = text(item, 'reference');
    try {
      return { ...work(item), reference };
    } catch (error) {
      if (error instanceof TransitError) return { ...empty, error: error.message, reference };
      throw error;
    }
  });
}

/** Vault answers 400 when any item failed, unless the caller chose another status for a partial failure. */
function statusOf(data: RequestData, results: Results): { status?: number; warnings?: readonly string[] } {
  const failed = results.filter((result) => 'error' in result).length;
  if (failed === 0) return {};
  const chosen = intField(data, 'partial_failure_response_code');
  if (chosen === undefined || failed === results.length) return { status: 400 };
  if (chosen >= 1 && chosen <= 599) return { status: chosen };
  return {
    status: 400,
    warnings: ['invalid HTTP response code override from partial_failure_response_code, reverting to 400'],
  };
}

function answer(call: RouteCall, input: Input, results: Results): VaultResponse {
  if (input.isBatch) {
    // A rewrap with failures is a 200 in Vault.
    const status = call.path.startsWith('rewrap/') ? {} : statusOf(call.data, results);
    return { data: { batch_results: results }, ...status };
  }
  const { reference: _, error, ...data } = results[0] ?? {};
  if (error !== undefined) throw badRequest(String(error));
  return { data };
}

function keyFor(keys: TransitKeys, call: RouteCall): TransitKey {
  const key = keys.get(call.params.name ?? '');
  if (key === undefined) throw badRequest('encryption key not found');
  return key;
}

function sealed(encrypted: Encrypted): Item {
  return { ciphertext: encrypted.ciphertext, key_version: encrypted.version };
}

function encryptCall(keys: TransitKeys, call: RouteCall): VaultResponse {
  const input = inputOf(call.data, 'plaintext', 'encrypt');
  checkContext(input.items);
  let key: TransitKey;
  if (call.operation === 'create') {
    if (has(input.items[0] ?? {}, 'context') && input.items[0]?.context !== '') {
      throw badRequest('the development Vault does not support derived keys');
    }
    key = keys.create(call.params.name ?? '', stringField(call.data, 'type') ?? 'aes256-gcm96');
  } else key = keyFor(keys, call);
  const results = each(input.items, (item) => {
    const plaintext = decodeBase64(text(item, 'plaintext'));
    if (text(item, 'nonce') !== '') throw new TransitError('provided nonce not allowed for this key');
    return sealed(encrypt(key, plaintext, intField(item, 'key_version') ?? 0, associatedData(item)));
  });
  return answer(call, input, results);
}

function decryptCall(keys: TransitKeys, call: RouteCall): VaultResponse {
  const input = inputOf(call.data, 'ciphertext', 'decrypt');
  checkContext(input.items);
  const key = keyFor(keys, call);
  const work = (item: Item): Item => {
    if (text(item, 'ciphertext') === '') throw new TransitError('missing ciphertext to decrypt');
    return { plaintext: decrypt(key, text(item, 'ciphertext'), associatedData(item)).toString('base64') };
  };
  return answer(call, input, each(input.items, work, { plaintext: '' }));
}

function rewrapCall(keys: TransitKeys, call: RouteCall): VaultResponse {
  const input = inputOf(call.data, 'ciphertext', 'decrypt');
  checkContext(input.items);
  const key = keyFor(keys, call);
  const none = Buffer.alloc(0);
  const results = each(input.items, (item) => {
    if (text(item, 'ciphertext') === '') throw new TransitError('missing ciphertext to decrypt');
    const plaintext = decrypt(key, text(item, 'ciphertext'), none);
    return sealed(encrypt(key, plaintext, intField(item, 'key_version') ?? 0, none));
  });
  return answer(call, input, results);
}

function dataKey(keys: TransitKeys, call: RouteCall): VaultResponse {
  const bits = intField(call.data, 'bits') ?? 256;
  if (![128, 256, 512].includes(bits)) throw badRequest('invalid bit length');
  const key = keyFor(keys, call);
  const plaintext = randomBytes(bits / 8);
  const wrapped = sealed(encrypt(key, plaintext, intField(call.data, 'key_version') ?? 0, Buffer.alloc(0)));
  const clear = call.params.form === 'plaintext' ? { plaintext: plaintext.toString('base64') } : {};
  return { data: { ...wrapped, ...clear } };
}

/** `name` is the source of the pattern for key names. */
export function transitDataRoutes(keys: TransitKeys, name: string): readonly Route[] {
  return [
    {
      pattern: new RegExp(`^encrypt/${name}$`),
      exists: (call) => keys.has(call.params.name ?? ''),
      operations: { create: (call) => encryptCall(keys, call), update: (call) => encryptCall(keys, call) },
    },
    { pattern: new RegExp(`^decrypt/${name}$`), operations: { update: (call) => decryptCall(keys, call) } },
    { pattern: new RegExp(`^rewrap/${name}$`), operations: { update: (call) => rewrapCall(keys, call) } },
    {
      pattern: new RegExp(`^datakey/(?<form>plaintext|wrapped)/${name}$`),
      operations: { update: (call) => dataKey(keys, call) },
    },
  ];
}
