#!/bin/sh
# Makes the Vault of the compose trial ready: initialises and unseals it once, then again after each restart, and makes
# the logins of the engineer (apply) and of the sidecar. Safe to repeat, also after it was cut off.
#
# The unseal key and the root token lie in $SECRETS, in clear: a trial on one machine. Production uses auto-unseal and
# AppRole or Kubernetes logins instead; see docs/production.md.
set -eu

: "${VAULT_ADDR:?}"
: "${SECRETS:?folder for the unseal key and the root token}"
: "${SIDECAR_SECRETS:?folder for the token of the sidecar, which must not see the other one}"
export VAULT_ADDR
umask 077

# keep FILE MODE: what comes in on standard input is in the file wholly, or not at all.
keep() {
  cat >"$1.new"
  chmod "$2" "$1.new"
  mv -f "$1.new" "$1"
}

# 0: unsealed, 2: sealed (or not initialised); anything else is no answer yet.
state() { code=0; vault status >/dev/null 2>&1 || code=$?; echo "$code"; }
tries=0
while [ "$(state)" = 1 ]; do
  tries=$((tries + 1))
  [ "$tries" -le 60 ] || { echo "Vault does not answer at $VAULT_ADDR" >&2; exit 1; }
  sleep 1
done

# Vault tells the key and the token once; the key comes last, so that it stands for both.
if [ ! -s "$SECRETS/vault-unseal-key" ]; then
  [ -s "$SECRETS/vault-init" ] || vault operator init -key-shares=1 -key-threshold=1 >"$SECRETS/vault-init"
  # The images of migrate and apply run as a user of their own.
  sed -n 's/^Initial Root Token: //p' "$SECRETS/vault-init" | keep "$SECRETS/vault-root-token" 0444
  sed -n 's/^Unseal Key 1: //p' "$SECRETS/vault-init" | keep "$SECRETS/vault-unseal-key" 0400
fi
rm -f "$SECRETS/vault-init"
if [ "$(state)" = 2 ]; then
  # Not as an argument, which every process list shows.
  tr -d '\n' <"$SECRETS/vault-unseal-key" | vault write sys/unseal key=- >/dev/null
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

# A token of the policy that `tenantry apply` writes; a policy may be named before it is there. Vault adds the policy
# `default`, by which a token sees and renews itself.
if ! VAULT_TOKEN=$(cat "$SIDECAR_SECRETS/vault-sidecar-token" 2>/dev/null || echo none) vault token lookup >/dev/null 2>&1; then
  token=$(vault token create -policy=gateway-service -period=768h -orphan -display-name=sidecar -field=token)
  # The sidecar's image runs as a user of its own.
  printf '%s\n' "$token" | keep "$SIDECAR_SECRETS/vault-sidecar-token" 0444
fi
echo "Vault is ready"
