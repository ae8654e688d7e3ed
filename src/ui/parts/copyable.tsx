/** A text that people need elsewhere, with a button that copies it. */
import { useState } from 'react';
import { Button } from 'react-aria-components';
import './copyable.css';

interface Props {
  /** What it is; names the button too. */
  readonly label: string;
  readonly text: string;
}

export function Copyable({ label, text }: Props) {
  const [told, setTold] = useState('');
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setTold('Copied.');
    } catch {
      setTold('This browser does not let the page copy: select the text and copy it yourself.');
    }
  };
  return (
    <div className="copyable">
      <code className="copyable-text">{text}</code>
      <Button className="button" aria-label={`Copy: ${label}`} onPress={() => void copy()}>
        Copy
      </Button>
      <span role="status" className="quiet">
        {told}
      </span>
    </div>
  );
}
