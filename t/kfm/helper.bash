# What the tests of KFM's commands share.

# A database of this test's own, with KFM's tables.
new_kfm() {
  new_database kfm
  kfm-migrate >/dev/null
}
