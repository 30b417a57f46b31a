load helper
load ../schema

@test "every column is the original's: type, null, identity, keys" {
  compare_columns recotem
}

@test "every index and constraint is the original's, by name and definition" {
  compare_indexes recotem
}
