/** Puts secrets into the slots of a rendered configuration, at the last moment before it is sent. */
import { isSecretSlot, type SecretSlot, type Templated } from '../../src/catalog/source-configuration.ts';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Every slot, so that a caller can read the secrets first, all at once. */
export function secretSlots(templated: Templated): SecretSlot[] {
  if (isSecretSlot(templated)) return [templated];
  if (typeof templated !== 'object' || templated === null) return [];
  return Object.values(templated).flatMap((item: Templated) => secretSlots(item));
}

/** The configuration with each slot replaced by its prefix and what `secretOf` gives for it. */
export function fillSecrets(templated: Templated, secretOf: (slot: SecretSlot) => string): Json {
  if (isSecretSlot(templated)) return `${prefixOf(templated)}${secretOf(templated)}`;
  if (typeof templated !== 'object' || templated === null) return templated;
  if (Array.isArray(templated)) return templated.map((item: Templated) => fillSecrets(item, secretOf));
  return Object.fromEntries(
    Object.entries(templated).map(([key, item]: [string, Templated]) => [key, fillSecrets(item, secretOf)]),
  );
}

function prefixOf({ $secret }: SecretSlot): string {
  return $secret.from === 'credential' ? ($secret.prefix ?? '') : '';
}
