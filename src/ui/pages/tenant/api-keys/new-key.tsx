/** The form for another API key. */
import { useMutation } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { Button, FieldError, Form, Input, Label, TextField } from 'react-aria-components';
import type { Schema } from '../../../../client/index.ts';
import { api } from '../../../app/api.ts';
import { Choice } from '../../../parts/choice.tsx';
import { messageOf } from '../../../parts/failure.tsx';

type Role = NonNullable<Schema<'NewTenantApiKey'>['role']>;

const ROLES: readonly { readonly value: Role; readonly text: string }[] = [
  { value: 'app', text: 'app: uses tokens, connects, syncs' },
  { value: 'tenant-admin', text: 'tenant-admin: manages, sees no tokens' },
  { value: 'viewer', text: 'viewer: only looks' },
];

const LIVES = [
  { value: '30', text: '30 days' },
  { value: '90', text: '90 days' },
  { value: '365', text: 'A year' },
  { value: '', text: 'No end' },
] as const;

interface Props {
  readonly tenant: string;
  readonly onMade: (made: { readonly name: string; readonly key: string }) => void;
}

export function NewKey({ tenant, onMade }: Props) {
  const [role, setRole] = useState<Role>('app');
  const [days, setDays] = useState<(typeof LIVES)[number]['value']>('90');
  const making = useMutation({
    mutationFn: (name: string) =>
      api.post('/tenants/{tenant}/api-keys', {
        path: { tenant },
        body: { name, role, ...(days !== '' && { expiresInDays: Number(days) }) },
      }),
    onSuccess: onMade,
    // The answer holds the key: it is kept no longer than it is shown.
    gcTime: 0,
  });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const name = new FormData(event.currentTarget).get('name');
    if (typeof name === 'string' && name.trim() !== '') making.mutate(name.trim());
  };
  return (
    <Form onSubmit={submit} className="card tenant-row" aria-label="New API key">
      <TextField
        name="name"
        isRequired
        maxLength={100}
        autoComplete="off"
        isInvalid={making.isError}
        onChange={() => making.reset()}
      >
        <Label>What the key is for</Label>
        <Input />
        <FieldError>{making.isError ? messageOf(making.error) : undefined}</FieldError>
      </TextField>
      <Choice label="Role" value={role} options={ROLES} onChange={setRole} />
      <Choice label="Lives" value={days} options={LIVES} onChange={setDays} />
      <Button type="submit" className="button primary" isDisabled={making.isPending}>
        Make a key
      </Button>
    </Form>
  );
}
