/** Where people say who they are. */
import { type FormEvent, useId } from 'react';
import { Button, FieldError, Form, Input, Label, Text, TextField } from 'react-aria-components';
import { signIn } from '../app/api.ts';
import { messageOf } from '../parts/failure.tsx';
import { OtherWays } from './other-ways.tsx';
import { useSignIn } from './use-sign-in.ts';

export function SignInPage({ hasEnded }: { readonly hasEnded: boolean }) {
  const title = useId();
  return (
    <main className="sign-in" aria-labelledby={title}>
      <title>Sign in · Tenantry</title>
      <h1 id={title}>Sign in to Tenantry</h1>
      {hasEnded && (
        <p role="status" className="card notice">
          Your session has ended. Sign in again to go on where you were.
        </p>
      )}
      <OtherWays />
      <KeyForm />
    </main>
  );
}

function KeyForm() {
  const signing = useSignIn(signIn);
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const key = new FormData(event.currentTarget).get('key');
    if (typeof key === 'string' && key.trim() !== '') signing.mutate(key.trim());
  };
  return (
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
  );
}
