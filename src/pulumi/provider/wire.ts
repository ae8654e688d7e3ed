/** Property values as the engine sends them (google.protobuf.Struct) and as this program holds them. */
import structs from 'google-protobuf/google/protobuf/struct_pb.js';

type Struct = structs.Struct;

/** Properties of a resource; what is not known before an `up` is UNKNOWN. */
export type Properties = Readonly<Record<string, unknown>>;

/** Stands for a value that is known only after other resources were made (Pulumi's protocol, "unknown values"). */
export const UNKNOWN = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';

/** Keys of the envelopes around special values: `{[SIGNATURE]: <which>, …}` (Pulumi's protocol, "property values"). */
const SIGNATURE = '4dabf18193072939515e22adb298388d';
const SECRET = '1b47061264138c4ac30d75fd1eb44270';
const OUTPUT = 'd0e6a833031e9bbcd3f4e8bde6ca49a4';
const RESOURCE = '5cf8f73096256a8f31e491e813e4eb8e';

/** A value that the state may hold only encrypted. */
export class Secret {
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }
}

/** Values without their envelopes: a secret as its value, a resource as its id. */
export function decode(struct: Struct | undefined): Properties {
  return struct === undefined ? {} : (plain(struct.toJavaScript()) as Properties);
}

/** The same the other way round; what is undefined is left out. */
export function encode(properties: Properties): Struct {
  const encoded = enveloped(properties) as Parameters<typeof structs.Struct.fromJavaScript>[0];
  return structs.Struct.fromJavaScript(encoded);
}

/** Is the value, or anything in it, known only later? */
export function hasUnknown(value: unknown): boolean {
  if (value === UNKNOWN) return true;
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some(hasUnknown);
}

function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  const object = value as Readonly<Record<string, unknown>>;
  const signature = object[SIGNATURE];
  if (signature === SECRET) return plain(object['value']);
  if (signature === OUTPUT) return 'value' in object ? plain(object['value']) : UNKNOWN;
  if (signature === RESOURCE) return plain(object['id'] ?? object['urn']);
  return Object.fromEntries(Object.entries(object).map(([key, item]) => [key, plain(item)]));
}

function enveloped(value: unknown): unknown {
  if (value instanceof Secret) return { [SIGNATURE]: SECRET, value: enveloped(value.value) };
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => enveloped(item ?? null));
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(entries.map(([key, item]) => [key, enveloped(item)]));
}
