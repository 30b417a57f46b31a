# What the tests of Zulip's commands share, beside helper.bash.

# A fresh database with Zulip's tables, as they are on a server without an organisation, for this test; DATABASE_URL leads
# there. The first test that asks makes the
# template that the others copy, so that those that don't ask pay nothing. Zulip's own role finds the tables in the same way.
new_zulip_database() {
  local name=z_${BATS_SUITE_TEST_NUMBER}_$RANDOM
  (
    flock 9
    [ -e "$BATS_SUITE_TMPDIR/zulip-template-made" ] && exit
    psql -XAtq "$RC_TEST_SERVER" -c 'create database zulip_template'
    psql -XAtq -v ON_ERROR_STOP=1 "${RC_TEST_SERVER/'/postgres?'//zulip_template?}" -1 -f "$(rc_share)/sql/zulip/schema.sql"
    : >"$BATS_SUITE_TMPDIR/zulip-template-made"
  ) 9>"$BATS_SUITE_TMPDIR/zulip-template-lock" 3>&-
  [ -e "$BATS_SUITE_TMPDIR/zulip-template-made" ]
  psql -XAtq "$RC_TEST_SERVER" -c "create database $name template zulip_template $RC_TEST_CLONE"
  export DATABASE_URL=${RC_TEST_SERVER/'/postgres?'//$name?}
  sql "alter database $name set search_path = zulip, public"
}

# All rows of all tables, as records {"table","op","row"}; what a test compares before and after.
zulip_rows() {
  psql -XAtq -v ON_ERROR_STOP=1 "$DATABASE_URL" <<<"select format('select json_build_object(''table'', %L, ''op'', ''insert'', ''row'', to_jsonb(t)) from %I t', relname, relname)
    from pg_class where relkind = 'r' and relnamespace = 'zulip'::regnamespace and relname not like 'django%' and relname not like 'auth%'
    order by relname \gexec"
}

# Of such records what does not differ from run to run: clocks, random values and texts become what they must look like,
# nulls go. Also left out is what the original leaves behind for nothing: groups without a name, with welcome-bot in them.
zulip_masked() {
  jq -cS '
    def looks($pattern; $word): if type == "string" and test($pattern) then $word else . end;
    select((.table == "zerver_usergroup" and .row.realm_id == 1 and .row.id > 8) | not)
    | select((.table == "zerver_usergroupmembership" and .row.user_profile_id == 7 and .row.user_group_id > 8) | not)
    | .table as $table
    | .row |= (with_entries(select(.value != null))
      | with_entries(.key as $key | .value |= (
          looks("^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:.]+[+]00:00$"; "a time") | looks("^4764-[0-9]{2}-[0-9]{2}T"; "a time in 1000000 days")
          | looks("^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"; "a uuid")
          | looks("^zuliprealm_[A-Za-z0-9]{32}$"; "a secret")
          | if $key == "password" then looks("^![A-Za-z0-9]{40}$"; "unusable")
              | looks("^argon2[$]argon2id[$]v=19[$]m=102400,t=2,p=8[$][A-Za-z0-9+/]{30}[$][A-Za-z0-9+/]{43}$"; "argon2")
            elif $key == "api_key" then looks("^[A-Za-z0-9]{32}$"; "a key")
            elif $key == "confirmation_key" then looks("^[a-z2-7]{24}$"; "a key")
            elif $key == "data" then sub("/welcome/[a-z2-7]{24}\""; "/welcome/KEY\"")
            elif ($table == "zerver_message" and ($key == "content" or $key == "rendered_content"))
              or ($table == "zerver_namedusergroup" and $key == "description")
              or ($table == "zerver_stream" and ($key == "description" or $key == "rendered_description"))
            then looks("."; "a text") else . end)))' "$@" | sort
}
