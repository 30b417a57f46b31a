table {table}
