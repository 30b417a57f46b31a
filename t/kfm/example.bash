# Sourced by tests that run the examples of all commands: the database in which KFM's work.
new_database kfm
kfm-migrate >/dev/null
