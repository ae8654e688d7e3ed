-- The app at the provider that a flow was begun with, as SHA-256 of its client id: another one must not redeem its code.
alter table tenantry.oauth_states add column app bytea;
