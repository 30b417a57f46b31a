# shellcheck disable=SC2030,SC2031,SC2034,SC2154 # each test has an environment of its own; docs.bash uses docs_page and sets count
# The operator's runbook, docs/recotem.md: every command in it is run, and prints what is shown.
load helper
load ../docs

# A database as it is before the first start, with a project that nobody owns and two of its models; and a folder to work in.
setup() {
  new_database
  unset SECRET_KEY SECRET_KEY_FALLBACKS RECOTEM_STORAGE_TYPE DEFAULT_ADMIN_PASSWORD DEFAULT_ADMIN_PASSWORD_FILE CREDENTIALS_DIRECTORY
  cd "$BATS_TEST_TMPDIR" || return
  echo 'the first key' >secret-key
  export SECRET_KEY_FILE=secret-key MEDIA_ROOT=$BATS_TEST_TMPDIR/media RC_WAIT_INTERVAL=1ms
  mkdir -p media/trained_model
  printf '\x80\x04the first model' >media/trained_model/one.pickle
  printf '\x80\x04the second' >media/trained_model/two.pickle
  add_project one null
  sql "insert into api_trainingdata (ins_datetime, project_id, updated_at) values (now(), 1, now());
    insert into api_modelconfiguration (ins_datetime, recommender_class_name, parameters_json, project_id, updated_at)
    values (now(), 'TopPopRecommender', '{}', 1, now());
    insert into api_trainedmodel (file, ins_datetime, configuration_id, data_loc_id, updated_at)
    select file, now(), 1, 1, now() from unnest('{trained_model/one.pickle,trained_model/two.pickle}'::text[]) file"
  runbook=$RC_TEST_FOLDER/../docs/recotem.md docs_page=$runbook
}

@test "the runbook's commands run in their order, and print what it shows" {
  run_page
  [ "$count" -ge 30 ]
}

@test "the runbook has no block that is not run" {
  [ "$(grep '^```.' "$runbook" | sort | uniq -c | sed 's/^ *//')" = "$(printf '%s\n' "$(grep -c '^```console$' "$runbook") "'```console' '1 ```dockerfile')" ]
  [ "$(grep -c '^```' "$runbook")" = $((2 * $(grep -c '^```.' "$runbook"))) ]
  run -1 grep -n '^    ' "$runbook"
}

@test "the runbook's entry point starts the server, with the arguments of CMD" {
  local words
  blocks dockerfile >dockerfile
  mkdir bin
  # shellcheck disable=SC2016 # the stub expands it
  printf '#!/bin/sh\necho "the server, with $*"\n' >bin/gunicorn
  chmod +x bin/gunicorn
  mapfile -t words < <(sed -n 's/^ENTRYPOINT //p; s/^CMD //p' dockerfile | jq -r '.[]')
  [ "${words[0]}" = recotem-bootstrap ]
  PATH=$PWD/bin:$PATH run -0 --separate-stderr "${words[@]}"
  [ "${lines[-1]}" = 'the server, with --bind 0.0.0.0:80 recotem.wsgi' ]
  [ "${lines[-2]}" = 'Owner assignment complete.' ]
  [ "$stderr" = '' ]
}

# What stands between backquotes in the titles of the last part is printed by a command, word for word.
@test "the messages that the runbook explains are those of the commands" {
  local title part said
  said=$(cat "$(rc_share)"/page/functions.bash "$(rc_share)"/recotem/*.bash "$(rc_share)"/pages/recotem-* "$(rc_share)"/sql/recotem/*.sql \
    "$RC_TEST_FOLDER"/../src/*.c "$RC_TEST_FOLDER"/../lib/*/*.c)
  while IFS= read -r title; do
    case $title in # the parts that are the command's own, without names and numbers
    Model*'[Errno'*) title=${title#*: } title=${title%% — *} ;;
    Model*) title=${title#*: } title=${title#'warning: '} title=${title#'cannot '} title=${title%' ...'} ;;
    'two rows'*) title=${title%'('*} ;;
    esac
    while IFS= read -r part; do
      [[ $said == *"$part"* ]] || { echo "not said: $part"; return 1; }
    done < <(sed "s/'[^']*'/\n/g" <<<"$title")
  done < <(sed -n '/^### /s/^[^`]*`\([^`]*\)`.*/\1/p' "$runbook")
}
