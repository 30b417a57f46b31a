# Sourced by tests that run the examples of all commands: the database in which Zulip's work, with one organization.
load "${BASH_SOURCE[0]%/*}/helper"
new_zulip_database
zulip-create-realm "Test organization" --string-id testorg --email ann@example.org --external-host chat.example.org >/dev/null
zulip-create-user --realm testorg --email bob@example.org --full-name Bob --external-host chat.example.org >/dev/null
zulip-create-user --realm testorg --email carol@example.org --full-name Carol --external-host chat.example.org >/dev/null
