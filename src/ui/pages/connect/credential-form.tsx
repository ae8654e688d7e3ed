/** A form made from the catalog: what a person copies from the provider. What is typed is sent once and kept nowhere here. */
import { type FormEvent, useState } from 'react';
import { Button, FieldError, Form, Input, Label, Text, TextField } from 'react-aria-components';
import { SidecarError } from '../../../client/index.ts';
import { api } from '../../app/api.ts';
import { cut } from '../../parts/outside.tsx';
import type { FormField } from './offer.ts';
import type { Place } from './use-attempt.ts';

interface Props {
  readonly place: Place;
  readonly fields: readonly FormField[];
  readonly text: string;
  readonly onStored: () => void;
  readonly onError: (error: unknown) => void;
}

const MOST = 8192;

export function CredentialForm({ place, fields, text, onStored, onError }: Props) {
  const [isBusy, setIsBusy] = useState(false);
  const [wrong, setWrong] = useState<Readonly<Record<string, string>>>({});
  const submit = async (event: FormEvent<HTMLFormElement>): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget;
    const typed = readFields(form, fields);
    setIsBusy(true);
    setWrong({});
    try {
      await api.post('/tenants/{tenant}/integrations/{integration}/credentials', {
        path: { ...place },
        body: { fields: typed },
      });
      form.reset();
      onStored();
    } catch (error) {
      const mistake = mistakeOf(error, fields);
      if (mistake) setWrong(mistake);
      else onError(error);
    } finally {
      setIsBusy(false);
    }
  };
  return (
    <Form className="card" onSubmit={(event) => void submit(event)} validationErrors={wrong}>
      {fields.map(({ name, label, secret, help }) => (
        <TextField
          key={name}
          name={name}
          type={secret ? 'password' : 'text'}
          isRequired
          maxLength={MOST}
          autoComplete="off"
          validate={(value) => (value.trim() === '' ? 'Fill this in.' : null)}
        >
          <Label>{cut(label)}</Label>
          <Input spellCheck="false" />
          {help !== undefined && <Text slot="description">{cut(help, 600)}</Text>}
          <FieldError />
        </TextField>
      ))}
      <p className="quiet">It is kept encrypted with this tenant’s own key and never shown again.</p>
      <Button type="submit" className="button primary" isDisabled={isBusy}>
        {text}
      </Button>
      {isBusy && <span role="status"> Checking …</span>}
    </Form>
  );
}

/** Spaces around what was copied are never meant. */
function readFields(form: HTMLFormElement, fields: readonly FormField[]): Record<string, string> {
  const data = new FormData(form);
  return Object.fromEntries(
    fields.map(({ name }) => {
      const value = data.get(name);
      return [name, typeof value === 'string' ? value.trim() : ''];
    }),
  );
}

/** A mistake is told at the field that it names; at the first one where it names none. */
function mistakeOf(error: unknown, fields: readonly FormField[]): Record<string, string> | undefined {
  if (!(error instanceof SidecarError) || error.code !== 'InvalidRequest') return undefined;
  const field = fields.find(({ name }) => error.message.includes(`(${name})`)) ?? fields[0];
  if (!field) return undefined;
  const hint = error.hint === undefined || error.hint.includes('/docs') ? '' : ` – ${error.hint}`;
  return { [field.name]: cut(`${error.message}${hint}.`, 400) };
}
