/** The window in which a person agrees at a provider; free of any framework, for pages and the embeddable component. */

export interface ProviderWindow {
  /** Goes on to a page of ours or of the provider. */
  go(url: string): void;
  close(): void;
  /**
   * True when the person closed it, and also when a page of the provider cut it off from this one
   * (Cross-Origin-Opener-Policy): from here the two look the same.
   */
  isGone(): boolean;
  /** Calls when the window says that it is over; gives what ends the listening. How it went, the sidecar is asked. */
  onEnd(origin: string, listener: () => void): () => void;
}

const WIDTH = 600;
const HEIGHT = 760;

/** Call it in the handler of a click, before anything is awaited. Undefined: the browser does not allow it. */
export function openProviderWindow(): ProviderWindow | undefined {
  const left = Math.max(0, screenX + (outerWidth - WIDTH) / 2);
  const top = Math.max(0, screenY + (outerHeight - HEIGHT) / 2);
  const place = `popup,width=${WIDTH},height=${HEIGHT},left=${left},top=${top}`;
  const opened = window.open('about:blank', '_blank', place);
  // Some browsers give a window that is closed at once in the place of none.
  if (!opened || opened.closed) return undefined;
  return {
    go(url) {
      opened.location.href = requireWebAddress(url);
    },
    close: () => opened.close(),
    isGone: () => opened.closed,
    onEnd(origin, listener) {
      const hear = (event: MessageEvent<unknown>): void => {
        if (event.origin === origin && event.source === opened && isEnd(event.data)) listener();
      };
      addEventListener('message', hear);
      return () => removeEventListener('message', hear);
    },
  };
}

/** Anything else than the web, a script above all, has no place in an address that came from elsewhere. */
export function requireWebAddress(text: string): string {
  const { protocol, href } = new URL(text);
  if (protocol === 'https:' || protocol === 'http:') return href;
  throw new TypeError('not an address of the web');
}

function isEnd(data: unknown): boolean {
  return typeof data === 'object' && data !== null && 'type' in data && data.type === 'oauth_complete';
}
