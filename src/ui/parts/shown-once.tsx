/** A secret that is shown this once, to be copied. */
import { Button, Input, Label, TextField } from 'react-aria-components';
import { useCopy } from './use-copy.ts';
import './shown-once.css';

interface Props {
  readonly label: string;
  readonly secret: string;
  /** The person has it: it goes away for good. */
  readonly onDone: () => void;
}

export function ShownOnce({ label, secret, onDone }: Props) {
  const { told, copy } = useCopy(secret);
  return (
    <div className="card shown-once">
      <TextField value={secret} isReadOnly>
        <Label>{label}</Label>
        <Input
          className="react-aria-Input shown-once-secret"
          onFocus={(event) => event.currentTarget.select()}
        />
      </TextField>
      <p>Keep it in a safe place now: it is shown this once and can never be seen again.</p>
      <div className="actions">
        <Button className="button primary" onPress={() => void copy()} autoFocus>
          Copy
        </Button>
        <Button className="button" onPress={onDone}>
          I have it
        </Button>
        <span role="status">{told}</span>
      </div>
    </div>
  );
}
