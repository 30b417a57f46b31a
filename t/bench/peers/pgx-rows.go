// The rows of a table as JSON lines by pgx and encoding/json: pgx-rows TABLE
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"log"
	"os"

	"github.com/jackc/pgx/v5"
)

func main() {
	out := bufio.NewWriterSize(os.Stdout, 65536)
	lines := json.NewEncoder(out)
	connection, err := pgx.Connect(context.Background(), os.Getenv("DATABASE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	rows, err := connection.Query(context.Background(), "select * from "+os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	for rows.Next() {
		row, err := pgx.RowToMap(rows)
		if err != nil {
			log.Fatal(err)
		}
		if err := lines.Encode(row); err != nil {
			log.Fatal(err)
		}
	}
	if rows.Err() != nil {
		log.Fatal(rows.Err())
	}
	if err := out.Flush(); err != nil {
		log.Fatal(err)
	}
}
