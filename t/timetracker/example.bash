# Sourced by tests that run the examples of all commands: the database in which TimeTracker's work.
new_database timetracker
