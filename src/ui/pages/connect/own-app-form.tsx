/** A form made from the catalog for an app of the tenant's own. Its secret is sent once and kept nowhere here. */
import { type FormEvent, useEffect, useState } from 'react';
import { Button, FieldError, Form, Input, Label, Text, TextArea, TextField } from 'react-aria-components';
import { type Schema, SidecarError } from '../../../client/index.ts';
import { api } from '../../app/api.ts';
import { messageOf } from '../../parts/failure.tsx';
import { cut } from '../../parts/outside.tsx';
import { sentence } from '../../parts/sentence.ts';
import type { FormField } from './offer.ts';
import type { Place } from './use-attempt.ts';

type Body = Schema<'OwnAppCredentials'>;

interface Props {
  readonly place: Place;
  readonly name: string;
  readonly fields: readonly FormField[];
  /** There is a token, so that another app is refused. */
  readonly isConnected: boolean;
  readonly onStored: () => Promise<unknown>;
}

/** A private key has line breaks, which a field of one line would drop. */
const isLong = ({ name }: FormField): boolean => name === 'privateKey';

export function OwnAppForm({ place, name, fields, isConnected, onStored }: Props) {
  const [isBusy, setIsBusy] = useState(false);
  const [wrong, setWrong] = useState<Readonly<Record<string, string>>>({});
  const [failure, setFailure] = useState<unknown>();
  // Why it was refused may be over by now.
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is the change that counts
  useEffect(() => setFailure(undefined), [isConnected]);
  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget;
    setIsBusy(true);
    setWrong({});
    setFailure(undefined);
    try {
      await api.put('/tenants/{tenant}/integrations/{integration}/app', {
        path: { ...place },
        body: typedIn(form, fields),
      });
      form.reset();
      await onStored();
    } catch (error) {
      const mistake = mistakeOf(error, fields);
      if (mistake) setWrong(mistake);
      else setFailure(error);
    } finally {
      setIsBusy(false);
    }
  };
  return (
    <Form onSubmit={(event) => void submit(event)} validationErrors={wrong} aria-label={`App at ${name}`}>
      {fields.map((field) => (
        <OwnAppField key={field.name} field={field} />
      ))}
      <p className="quiet">
        What is secret is kept encrypted with this tenant’s own key and never shown again.
      </p>
      {failure !== undefined && (
        <p role="alert" className="bad">
          {messageOf(failure)}
        </p>
      )}
      <Button type="submit" className="button" isDisabled={isBusy}>
        Save and use this app
      </Button>
      {isBusy && <span role="status"> Saving …</span>}
    </Form>
  );
}

function OwnAppField({ field }: { readonly field: FormField }) {
  const { name, label, secret, required, help } = field;
  return (
    <TextField
      name={name}
      type={secret && !isLong(field) ? 'password' : 'text'}
      isRequired={required}
      maxLength={isLong(field) ? 16_384 : secret ? 8192 : 512}
      autoComplete="off"
      validate={(value) => (required && value.trim() === '' ? 'Fill this in.' : null)}
    >
      <Label>
        {cut(label)}
        {!required && ' (optional)'}
      </Label>
      {isLong(field) ? (
        <TextArea className="react-aria-Input connect-key" rows={4} spellCheck="false" />
      ) : (
        <Input spellCheck="false" />
      )}
      {help !== undefined && <Text slot="description">{cut(help, 600)}</Text>}
      <FieldError />
    </TextField>
  );
}

/** Spaces around what was copied are never meant; what was left empty is not sent. */
function typedIn(form: HTMLFormElement, fields: readonly FormField[]): Body {
  const data = new FormData(form);
  const typed = fields.flatMap(({ name }) => {
    const value = data.get(name);
    return typeof value === 'string' && value.trim() !== '' ? [[name, value.trim()] as const] : [];
  });
  return { clientId: '', clientSecret: '', ...Object.fromEntries(typed) };
}

/** A mistake is told at the field that it names. */
function mistakeOf(error: unknown, fields: readonly FormField[]): Record<string, string> | undefined {
  if (!(error instanceof SidecarError) || error.code !== 'InvalidRequest') return undefined;
  const field = fields.find(
    ({ name }) => error.message.includes(`(${name})`) || error.message.includes(`body.${name}:`),
  );
  if (!field) return undefined;
  const words = error.message.replace(` (${field.name})`, '').replace(`body.${field.name}:`, 'This');
  return { [field.name]: sentence(cut(words, 400)) };
}
