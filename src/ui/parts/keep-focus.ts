/** Where what had the focus goes away, e.g. the button of what was deleted, the keyboard goes on close by. */
import { type FocusEvent, type RefObject, useEffect, useRef } from 'react';

/** Until a dialog that closes has given the focus back, where it can. */
const SETTLED_MS = 150;

export interface KeepsFocus<Kind extends HTMLElement> {
  readonly ref: RefObject<Kind | null>;
  readonly tabIndex: -1;
  readonly onFocus: (event: FocusEvent) => void;
}

/** For the element around it, which should have a name. */
export function useKeepFocus<Kind extends HTMLElement>(): KeepsFocus<Kind> {
  const ref = useRef<Kind>(null);
  const last = useRef<Element>(null);
  useEffect(() => {
    const timer = setTimeout(() => {
      if (!last.current || last.current.isConnected) return;
      last.current = null;
      if (document.activeElement === document.body) ref.current?.focus({ preventScroll: true });
    }, SETTLED_MS);
    return () => clearTimeout(timer);
  });
  return {
    ref,
    tabIndex: -1,
    onFocus({ target }) {
      last.current = target;
    },
  };
}
