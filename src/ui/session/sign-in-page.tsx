/** Where people say who they are, with an API key. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useId } from 'react';
import { Button, FieldError, Form, Input, Label, Text, TextField } from 'react-aria-components';
import { signIn } from '../app/api.ts';
import { messageOf } from '../parts/failure.tsx';

export function SignInPage() {
  const queries = useQueryClient();
  const title = useId();
  const signing = useMutation({
    mutationFn: signIn,
    onSuccess: (who) => queries.setQueryData(['session'], who),
  });
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const key = new FormData(event.currentTarget).get('key');
    if (typeof key === 'string' && key.trim() !== '') signing.mutate(key.trim());
  };
  return (
    <main className="sign-in" aria-labelledby={title}>
      <title>Sign in · Tenantry</title>
      <h1 id={title}>Sign in to Tenantry</h1>
      <Form onSubmit={submit} className="card">
        <TextField
          name="key"
          type="password"
          isRequired
          autoComplete="off"
          isInvalid={signing.isError}
          onChange={() => signing.reset()}
        >
          <Label>API key</Label>
          <Input />
          <Text slot="description">
            Made by <code>tenantry api-keys create</code>. It is used once, to open a session, and not kept in
            this browser.
          </Text>
          <FieldError>{signing.isError ? messageOf(signing.error) : undefined}</FieldError>
        </TextField>
        <Button type="submit" className="button primary" isDisabled={signing.isPending}>
          Sign in
        </Button>
      </Form>
    </main>
  );
}
