/** What the component says, in the language of the page; a host may replace any of it. */
import { de } from './de.ts';
import { en } from './en.ts';

export interface Messages {
  /** Name of the list for screen readers. */
  readonly list: string;
  readonly loading: string;
  readonly empty: string;
  readonly connect: string;
  readonly reconnect: string;
  /** The token lacks some of what the document asks for. */
  readonly grant: string;
  readonly disconnect: string;
  readonly confirmDisconnect: string;
  readonly keep: string;
  readonly stop: string;
  readonly again: string;
  readonly connected: string;
  readonly notConnected: string;
  readonly needsAgain: string;
  readonly lacksAccess: string;
  readonly suspended: string;
  readonly disconnected: string;
  readonly opening: string;
  readonly waiting: string;
  readonly closed: string;
  readonly blocked: string;
  readonly openHere: string;
  readonly sessionEnded: string;
  readonly unreachable: string;
  readonly notAllowed: string;
  readonly failed: string;
  /** By code of the sidecar; `failed` where a code is not there. */
  readonly errors: Readonly<Record<string, string>>;
}

const LANGUAGES: Readonly<Record<string, Messages>> = { en, de };

/** @param language as in `lang`, e.g. de-AT; English where it is not there */
export function messagesFor(language: string, own: Partial<Messages> = {}): Messages {
  const known = LANGUAGES[language.toLowerCase().split('-')[0] ?? ''] ?? en;
  return { ...known, ...own, errors: { ...known.errors, ...own.errors } };
}

/** `{name}` is replaced by the integration’s name. */
export function say(text: string, name: string): string {
  return text.replaceAll('{name}', () => name);
}
