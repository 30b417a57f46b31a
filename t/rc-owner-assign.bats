load helper

setup() { new_database; }

assign() { rc-owner-assign --owner-sql "$(rc_share)/sql/recotem/user-by-name.sql" "$@"; }

@test "rows without an owner get one, others keep theirs" {
  bob=$(add_user bob) alice=$(add_user alice)
  add_project one null; add_project two "$alice"; add_project three null
  run -0 assign --user bob <<<'{"table":"api_project","column":"owner_id","label":"Project"}'
  [ "$output" = '{"table":"api_project","column":"owner_id","label":"Project","owner":"bob","owner_id":'"$bob"',"count":2,"status":"assigned"}' ]
  [ "$(sql 'select name, owner_id from api_project order by id')" = "$(printf 'one|%s\ntwo|%s\nthree|%s' "$bob" "$alice" "$bob")" ]
}
