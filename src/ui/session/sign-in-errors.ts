/** Why a sign-in at an identity provider came to nothing, and what to do. */

const WORDS: Readonly<Record<string, string>> = {
  ConnectDenied:
    'The sign-in was not allowed at the identity provider. Try again, or sign in with an API key.',
  StateInvalid:
    'This sign-in was begun in another browser, or took longer than ten minutes. Sign in again, in this browser.',
  Forbidden:
    'Your account has no role here yet. Ask who runs this platform to give it one, then sign in again.',
  IssuerUnavailable:
    'The identity provider does not answer. Try again in a minute, or sign in with an API key.',
  NotSupported: 'Sign-in by an identity provider is not set up here. Sign in with an API key.',
};

export function signInErrorWords(code: string): string {
  return WORDS[code] ?? 'The sign-in did not succeed. Try again, or sign in with an API key.';
}
