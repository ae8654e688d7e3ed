/** The form for another endpoint. */
import { useMutation } from '@tanstack/react-query';
import type { FormEvent } from 'react';
import { Button, FieldError, Form, Input, Label, Text, TextField } from 'react-aria-components';
import type { Schema } from '../../../../client/index.ts';
import { api } from '../../../app/api.ts';
import { messageOf } from '../../../parts/failure.tsx';

interface Props {
  readonly tenant: string;
  readonly onMade: (made: Schema<'CreatedWebhookEndpoint'>) => void;
}

export function NewEndpoint({ tenant, onMade }: Props) {
  const making = useMutation({
    mutationFn: (url: string) =>
      api.post('/tenants/{tenant}/webhook-endpoints', { path: { tenant }, body: { url } }),
    onSuccess: onMade,
    // The answer holds the secret: it is kept no longer than it is shown.
    gcTime: 0,
  });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const url = new FormData(event.currentTarget).get('url');
    if (typeof url === 'string' && url.trim() !== '') making.mutate(url.trim());
  };
  return (
    <Form onSubmit={submit} className="card tenant-row" aria-label="New endpoint">
      <TextField
        name="url"
        type="url"
        isRequired
        maxLength={2048}
        autoComplete="off"
        isInvalid={making.isError}
        onChange={() => making.reset()}
      >
        <Label>Address of the endpoint</Label>
        <Input />
        <Text slot="description">
          A public https address. Messages are signed with a secret that is shown once.
        </Text>
        <FieldError>{making.isError ? messageOf(making.error) : undefined}</FieldError>
      </TextField>
      <Button type="submit" className="button primary" isDisabled={making.isPending}>
        Make an endpoint
      </Button>
    </Form>
  );
}
