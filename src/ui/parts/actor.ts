/** Who did something, in plain words. */

const KINDS: readonly (readonly [RegExp, string])[] = [
  [/^api-key:(.+)$/, 'API key $1'],
  [/^session:(.+)$/, 'Session $1'],
  [/^jwt:(.+)$/, 'Signed in as $1'],
  [/^kubernetes:(.+)$/, 'Service account $1'],
  [/^system:(.+)$/, 'Tenantry itself ($1)'],
  [/^loopback.*$/, 'The application beside the sidecar'],
];

/** Who it was, from the id of a caller. */
export function actorWords(actor: string): string {
  for (const [form, words] of KINDS) if (form.test(actor)) return actor.replace(form, words);
  return actor;
}
