// river-jobs fill N | run N - jobs through River with many workers and its shortest waits.
// run prints the microseconds from the first job in a worker to a table without any that is due.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"
)

type saved struct {
	EmployeeID int    `json:"employee_id"`
	Date       string `json:"date"`
}

func (saved) Kind() string { return "saved" }

type worker struct {
	river.WorkerDefaults[saved]
	count    int64
	done     atomic.Int64
	begin    atomic.Int64
	finished chan bool
}

func (w *worker) Work(context.Context, *river.Job[saved]) error {
	w.begin.CompareAndSwap(0, time.Now().UnixMicro())
	if w.done.Add(1) == w.count {
		close(w.finished)
	}
	return nil
}

func must[T any](value T, err error) T {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return value
}

func fill(ctx context.Context, pool *pgxpool.Pool, count int) {
	driver := riverpgxv5.New(pool)
	must(must(rivermigrate.New(driver, nil)).Migrate(ctx, rivermigrate.DirectionUp, nil))
	must(pool.Exec(ctx, "truncate river_job"))
	client := must(river.NewClient(driver, &river.Config{}))
	jobs := make([]river.InsertManyParams, count)
	for i := range jobs {
		jobs[i].Args = saved{i, "2026-11-21"}
	}
	must(client.InsertManyFast(ctx, jobs))
	must(pool.Exec(ctx, "vacuum analyze river_job"))
}

func run(ctx context.Context, pool *pgxpool.Pool, count int) {
	w := &worker{count: int64(count), finished: make(chan bool)}
	workers := river.NewWorkers()
	river.AddWorker(workers, w)
	client := must(river.NewClient(riverpgxv5.New(pool), &river.Config{
		FetchCooldown:     time.Millisecond,
		FetchPollInterval: 2 * time.Millisecond,
		Logger:            slog.New(slog.NewTextHandler(io.Discard, nil)),
		Queues:            map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 2000}},
		Workers:           workers,
	}))
	must(0, client.Start(ctx))
	<-w.finished
	for left := true; left; {
		must(0, pool.QueryRow(ctx, "select exists (select from river_job where state in ('available', 'running'))").Scan(&left))
	}
	fmt.Println(time.Now().UnixMicro() - w.begin.Load())
	must(0, client.Stop(ctx))
}

func main() {
	ctx := context.Background()
	pool := must(pgxpool.New(ctx, os.Getenv("DATABASE_URL")))
	count := must(strconv.Atoi(os.Args[2]))
	if os.Args[1] == "fill" {
		fill(ctx, pool, count)
	} else {
		run(ctx, pool, count)
	}
	pool.Close()
}
