# page.bash - what the pages of zulip's commands share; they source it

export RC_SCHEMA=${RC_SCHEMA-zulip}

# shellcheck source=share/zulip/server.bash
. "$rc_share/zulip/server.bash"

# The value of an option or of the operand in its place, else what is typed at a terminal, into $REPLY; empty without one.
zulip_ask() { # OPTION-VALUE OPERAND PROMPT
  [[ ! ${1:+x}${2:+x} == xx || $1 == "$2" ]] || rc_wrong "two values for ${3%: }: ${1@Q} and ${2@Q}"
  REPLY=${1:-$2}
  if [[ $REPLY || $opt_no_input || $opt_noinput || ! -t 0 ]]; then return; fi
  IFS= read -rp "$3" REPLY || true
}

# The address and the name of one who is to be made, from options or operands, as fields of a record in $person.
zulip_person() { # WHO ADDRESS-OPERAND NAME-OPERAND
  zulip_ask "$opt_email" "$2" 'Email: '
  [[ $REPLY ]] || rc_fail "No email address: --email gives the $1 one."
  person=("email=$REPLY")
  zulip_ask "$opt_full_name" "$3" 'Full name: '
  [[ ! $REPLY ]] || person+=("full_name=$REPLY")
}

# The password of --password-file without white space around it, or of --password, into $password; $has_password is empty
# where there is none.
zulip_read_password() {
  local blank=$' \t\n\v\f\r\x1c\x1d\x1e\x1f\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000'
  local parts=()
  # shellcheck disable=SC2034 # the pages use it
  password=$opt_password has_password=${rc_given[password]-}${rc_given[password-file]-}
  if [[ ${rc_given[password]-} ]]; then
    [[ ! ${rc_given[password-file]-} ]] || rc_wrong 'argument --password: not allowed with argument --password-file'
    rc_warn 'a password in --password can be seen by other users for a moment; --password-file keeps it hidden'
  elif [[ ${rc_given[password-file]-} ]]; then
    { mapfile -d '' -t parts <"$opt_password_file"; } 2>/dev/null || rc_fail "$opt_password_file can not be read"
    ((${#parts[@]} < 2)) || rc_fail "$opt_password_file: a password has no U+0000"
    password=${parts[0]-}
    password=${password#"${password%%[!"$blank"]*}"} password=${password%"${password##*[!"$blank"]}"}
  fi
}

# It becomes part of links and addresses.
zulip_check_host() {
  [[ $1 =~ ^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?(:[0-9]{1,5})?$ ]] || rc_fail "${1@Q} is no name of a server, with a port or without"
}

# What holds for all records goes to $work/context: the versions of Zulip that are known, the server's name, and the texts. Those
# of $opt_texts go before ours of the same name. More fields are arguments.
zulip_context() {
  local host=$opt_external_host text name html folder list
  if [[ ! $host ]]; then zulip_setting EXTERNAL_HOST; host=$REPLY; fi
  if [[ ! $host ]]; then
    host=localhost
    rc_warn 'links in mails lead to localhost: the name of the server is in neither --external-host nor its settings (EXTERNAL_HOST)'
  fi
  zulip_check_host "$host"
  if [[ $opt_texts ]]; then
    [[ -d $opt_texts ]] || rc_fail "$opt_texts is no folder of texts"
    for text in "$rc_share"/zulip/welcome/*.html; do
      name=${text##*/} name=$opt_texts/${name%.html}
      [[ -e $name.md && -e $name.html || ! -e $name.md && ! -e $name.html ]] ||
        rc_fail "$name.md and $name.html belong together, and one of them is missing"
    done
  fi
  list=$(for text in "$rc_share"/zulip/welcome/*.md; do
    name=${text##*/} name=${name%.md} folder=${text%/*} html=''
    if [[ $opt_texts && -e $opt_texts/$name.md ]]; then folder=$opt_texts; fi
    if [[ -e ${text%.md}.html ]]; then html=$(<"$folder/$name.html"); fi
    printf '%s\0' "$name" "$(<"$folder/$name.md")" "$html"
  done | rc-record-make --each name,markdown,html | paste -sd ,)
  rc-record-make "versions:=$(<"$rc_share/zulip/versions.json")" "external_host=$host" "texts:=[$list]" "$@" >"$work/context"
  zulip_around
}

# The same for what needs no texts: the organization of --realm.
zulip_context_of_realm() {
  rc-record-make "versions:=$(<"$rc_share/zulip/versions.json")" "realm=$opt_realm" >"$work/context"
  zulip_around
  around+=(--before user-realm.sql --before context.sql)
}

zulip_around() {
  around=(--with "$work/context")
  if [[ $opt_force ]]; then rc_warn 'whether this is a known version of Zulip is not looked at'; else around+=(--before version.sql); fi
}

# What is asked of the subdomain of an organization that is to be made: $reserved ones, whether the server has a $landing_page
# without one, and whether a reserved one may be taken after all ($allow_reserved).
# shellcheck disable=SC2034 # the pages use them
zulip_subdomain_rule() {
  local name
  landing_page=false allow_reserved=false reserved=$(<"$rc_share/zulip/reserved-subdomains")
  for name in SOCIAL_AUTH_SUBDOMAIN SELF_HOSTING_MANAGEMENT_SUBDOMAIN; do
    zulip_setting "$name"
    reserved+=${REPLY:+$'\n'$REPLY}
  done
  zulip_setting ROOT_DOMAIN_LANDING_PAGE
  [[ $REPLY != [Tt]rue && $REPLY != 1 ]] || landing_page=true
  [[ ! $opt_allow_reserved_subdomain ]] || allow_reserved=true
}

# Random values for each record that it reads: an API key, a password that never fits, the key of the links in mails.
zulip_keys() {
  rc-keygen --format alnum --length 32 --field api_key |
    rc-keygen --format alnum --length 40 --field unusable |
    rc-keygen --format base32 --length 24 --field confirmation_key
}

# Hashes what zulip_read_password or the records have; what is too weak goes on without a hash, for user-weak.sql to refuse.
zulip_hash() { # FILE
  local code=0
  rc-password-hash --from password --to hash --if-present --scheme argon2id --min-length 6 --min-guesses 10000 >"$1.all" || code=$?
  ((code < 2)) || exit "$code"
  zulip_keys <"$1.all" >"$1"
}

# The secrets of a record of an organization: those of its owner and of the bots that come with the internal one.
zulip_realm_keys() { # [FILE]
  rc-keygen --format alnum --length 32 --field owner_secret "$@" | rc-keygen --format alnum --length 504 --field bot_secrets
}

# The files of rc-db-apply that make an organization, in their order, up to the system bots of the internal one.
# shellcheck disable=SC2034 # the pages use them
zulip_realm=(realm-insert.sql realm-written.sql realm-audit.sql realm-userdefault.sql groups-insert.sql groups-name.sql groups-nest.sql
  groups-audit.sql realm-groups.sql realm-authentication.sql realm-presence.sql clients.sql bots-insert.sql bots-recipient.sql
  bots-link.sql bots-subscribe.sql bots-group.sql bots-audit.sql)

# The files of rc-db-apply that make one user, in their order; where it makes an organization, what that needs is between.
# shellcheck disable=SC2034 # the pages use them
zulip_user=(user-insert.sql user-inserted.sql user-recipient.sql user-link.sql user-subscribe.sql user-audit.sql user-group.sql
  user-group-audit.sql)
# shellcheck disable=SC2034
zulip_user_more=(user-channels.sql user-channels-audit.sql user-history.sql user-invitations.sql user-unsubscribe-key.sql user-mails.sql
  user-mail-topics.sql user-mail-team.sql user-mails-to.sql user-message.sql user-message-rows.sql user-onboarding.sql
  user-announce.sql user-announce-rows.sql user-written.sql)

# What Zulip's worker is to send goes to the file of --queue-events, or else to RabbitMQ where the server's settings are known. Both
# are tried before anything is changed.
zulip_open_queue_events() {
  if [[ $opt_queue_events ]]; then
    (: >>"$opt_queue_events") 2>/dev/null || rc_fail "$opt_queue_events can not be written"
    exec {queue_events}>>"$opt_queue_events"
  elif [[ ! $opt_dry_run ]] && type -P rc-amqp-put >/dev/null && zulip_find_broker; then
    zulip_put --check --declare --queue deferred_email_senders </dev/null || exit 1
  fi
}
zulip_write_queue_events() {
  if [[ $opt_queue_events ]]; then
    rc-say '{queue_event}' --when queue_event=null '' "$work/records" >&"$queue_events" ||
      rc_fail "the change is committed, but $opt_queue_events could not be written"
  elif [[ $zulip_broker ]]; then
    rc-say '{queue_event}' --when queue_event=null '' "$work/records" |
      zulip_put --declare --queue-field queue --body event >"$work/sent" 2>"$work/why" ||
      rc_fail "the change is committed, but what Zulip's worker is to send (queue_event of --json) is not in RabbitMQ: $(sed "s/^$rc_command: //" "$work/why")"
  fi
}
