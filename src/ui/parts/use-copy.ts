/** Copies a text, and tells how that went. */
import { useState } from 'react';

interface Copy {
  /** For the person; empty before the first try. */
  readonly told: string;
  readonly copy: () => Promise<void>;
}

export function useCopy(text: string): Copy {
  const [told, setTold] = useState('');
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setTold('Copied.');
    } catch {
      setTold('This browser does not let the page copy: select the text and copy it yourself.');
    }
  };
  return { told, copy };
}
