/** A button that asks before it does what cannot be undone, and says what will be lost. */
import { type ReactNode, useState } from 'react';
import { Button, Dialog, DialogTrigger, Heading, Modal, ModalOverlay } from 'react-aria-components';
import { messageOf } from './failure.tsx';
import './confirm.css';

interface Props {
  /** Text of the button that asks. */
  readonly text: string;
  /** Its whole name, where the text alone does not say what it is about. */
  readonly label?: string;
  readonly title: string;
  /** What will be lost. */
  readonly children: ReactNode;
  /** Text of the button that does it. */
  readonly doIt: string;
  /** Text of the button that leaves all as it is. Default "Keep it". */
  readonly keep?: string;
  readonly onConfirm: () => Promise<unknown>;
}

export function Confirm({ text, label, title, children, ...deciding }: Props) {
  return (
    <DialogTrigger>
      <Button className="button" aria-label={label}>
        {text}
      </Button>
      <ModalOverlay className="overlay" isDismissable>
        <Modal className="modal">
          <Dialog role="alertdialog">
            {({ close }) => (
              <>
                <Heading slot="title">{title}</Heading>
                <div className="modal-text">{children}</div>
                <Deciding {...deciding} close={close} />
              </>
            )}
          </Dialog>
        </Modal>
      </ModalOverlay>
    </DialogTrigger>
  );
}

interface DecidingProps extends Pick<Props, 'doIt' | 'keep' | 'onConfirm'> {
  readonly close: () => void;
}

function Deciding({ doIt, keep = 'Keep it', onConfirm, close }: DecidingProps) {
  const [isBusy, setIsBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const confirm = async (): Promise<void> => {
    setIsBusy(true);
    setError(undefined);
    try {
      await onConfirm();
      close();
    } catch (reason) {
      setError(reason);
      setIsBusy(false);
    }
  };
  return (
    <>
      {error !== undefined && (
        <p role="alert" className="bad">
          {messageOf(error)}
        </p>
      )}
      <div className="actions">
        <Button className="button" onPress={close} autoFocus>
          {keep}
        </Button>
        <Button className="button danger" onPress={() => void confirm()} isDisabled={isBusy}>
          {doIt}
        </Button>
      </div>
    </>
  );
}
