-- the planner knows how many numbers there are
analyze pg_temp.import_ids
