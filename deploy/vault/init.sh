#!/bin/sh
# Makes the Vault of the compose trial ready: initialises and unseals it once, then again after each restart, and makes
# the logins of the engineer (apply) and of the sidecar. Safe to repeat.
#
# The unseal key and the tokens lie in $SECRETS, in clear: a trial on one machine. Production uses auto-unseal and
# AppRole or Kubernetes logins instead; see docs/production.md.
set -eu

: "${VAULT_ADDR:?}"
: "${SECRETS:?folder for the unseal key and the tokens}"
export VAULT_ADDR
umask 077

# 0: unsealed, 2: sealed (or not initialised); anything else is no answer yet.
state() { code=0; vault status >/dev/null 2>&1 || code=$?; echo "$code"; }
tries=0
while [ "$(state)" = 1 ]; do
  tries=$((tries + 1))
  [ "$tries" -le 60 ] || { echo "Vault does not answer at $VAULT_ADDR" >&2; exit 1; }
  sleep 1
done

if [ ! -s "$SECRETS/vault-unseal-key" ]; then
  vault operator init -key-shares=1 -key-threshold=1 >"$SECRETS/vault-init"
  sed -n 's/^Unseal Key 1: //p' "$SECRETS/vault-init" >"$SECRETS/vault-unseal-key"
  sed -n 's/^Initial Root Token: //p' "$SECRETS/vault-init" >"$SECRETS/vault-root-token"
  rm "$SECRETS/vault-init"
fi
if [ "$(state)" = 2 ]; then
  vault operator unseal "$(cat "$SECRETS/vault-unseal-key")" >/dev/null
fi

VAULT_TOKEN=$(cat "$SECRETS/vault-root-token")
export VAULT_TOKEN
# A raft node elects itself a moment after it is unsealed.
tries=0
until vault token lookup >/dev/null 2>&1; do
  tries=$((tries + 1))
  [ "$tries" -le 60 ] || { echo "Vault is unsealed but does not become active" >&2; exit 1; }
  sleep 1
done

# A token of the policy that `tenantry apply` writes; a policy may be named before it is there.
if ! VAULT_TOKEN=$(cat "$SECRETS/vault-sidecar-token" 2>/dev/null || echo none) vault token lookup >/dev/null 2>&1; then
  vault token create -policy=gateway-service -period=768h -orphan -field=token >"$SECRETS/vault-sidecar-token"
fi
# The sidecar's image runs as a user of its own.
chmod 0444 "$SECRETS/vault-sidecar-token" "$SECRETS/vault-root-token"
echo "Vault is ready"
