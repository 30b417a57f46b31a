-- the planner knows how many rows there are
analyze pg_temp.import_rows
