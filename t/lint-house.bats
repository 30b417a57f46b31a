# make lint's look at the house itself, in a small house with one fault of each kind.
load helper

setup() {
  cd "$BATS_TEST_TMPDIR" || return
  mkdir -p bin lib/base lib/db
}

look() { "$RC_TEST_FOLDER/../tools/lint-house"; }

@test "pages and files that are too long, and circles, are found" {
  seq 80 >bin/short
  seq 81 >bin/long
  seq 501 >lib/base/rc_long.c
  seq 501 >lib/base/rc_json.c
  echo '#include "rc_b.h"' >lib/db/rc_a.c
  echo '#include "rc_c.h"' >lib/db/rc_b.h
  echo '#include "rc_a.h"' >lib/db/rc_c.h
  run -1 look
  [ "$output" = 'bin/long: 81 lines; a page has at most 80
lib/base/rc_long.c: 501 lines; a file of lib/ has at most 500
rc_a -> rc_b -> rc_c -> rc_a: a circle' ]
}

@test "a part that is for one file alone is in no circle with it" {
  echo '#include "rc_a_part.h"' >lib/db/rc_a.c
  echo ' * For rc_a.c alone.' >lib/db/rc_a_alone.h # and it calls nothing
  printf '%s\n' '/*' ' * For rc_a.c alone.' ' */' '#include "rc_a.h"' >lib/db/rc_a_part.h
  run -0 look
  [ "$output" = '' ]
  echo '#include "rc_b.h"' >lib/db/rc_a_part.c
  echo '#include "rc_a.h"' >lib/db/rc_b.c
  run -1 look
  [ "$output" = 'rc_a -> rc_b -> rc_a: a circle' ]
}
