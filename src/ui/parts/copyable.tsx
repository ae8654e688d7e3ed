/** A text that people need elsewhere, with a button that copies it. */
import { Button } from 'react-aria-components';
import { useCopy } from './use-copy.ts';
import './copyable.css';

interface Props {
  /** What it is; names the button too. */
  readonly label: string;
  readonly text: string;
  /** True for words with commands between backticks. Default: all of it is code. */
  readonly isProse?: boolean;
}

export function Copyable({ label, text, isProse = false }: Props) {
  const { told, copy } = useCopy(text);
  return (
    <div className="copyable">
      {isProse ? <Prose text={text} /> : <code className="copyable-text">{text}</code>}
      <Button className="button" aria-label={`Copy: ${label}`} onPress={() => void copy()}>
        Copy
      </Button>
      <span role="status" className="quiet">
        {told}
      </span>
    </div>
  );
}

function Prose({ text }: { readonly text: string }) {
  const parts = text.split('`');
  return (
    <span className="copyable-prose">
      {parts.map((part, index) => {
        const isCode = index % 2 === 1 && index < parts.length - 1;
        // biome-ignore lint/suspicious/noArrayIndexKey: the parts of one text never change places
        return isCode ? <code key={index}>{part}</code> : <span key={index}>{part}</span>;
      })}
    </span>
  );
}
