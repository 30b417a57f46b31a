"""Rows as JSON lines by psycopg and orjson: `export TABLE` to standard output, `import TABLE FILE` by COPY."""
import os
import sys
from decimal import Decimal

import orjson
import psycopg


def plain(value):
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(type(value))


def export_rows(connection, table):
    write = sys.stdout.buffer.write
    with connection.cursor("rows", binary=True) as cursor:
        cursor.itersize = 10000
        cursor.execute(f"select * from {table}")
        names = [column.name for column in cursor.description]
        for row in cursor:
            write(orjson.dumps(dict(zip(names, row)), default=plain, option=orjson.OPT_APPEND_NEWLINE))


def import_rows(connection, table, path):
    with open(path, "rb") as lines, connection.cursor() as cursor:
        with cursor.copy(f"copy {table} from stdin") as copy:
            for line in lines:
                copy.write_row([orjson.dumps(v).decode() if isinstance(v, dict) else v for v in orjson.loads(line).values()])


with psycopg.connect(os.environ["DATABASE_URL"]) as opened:
    {"export": export_rows, "import": import_rows}[sys.argv[1]](opened, *sys.argv[2:])
