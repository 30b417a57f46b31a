// graphile-jobs.mjs fill N | run N - jobs through graphile-worker, tuned as its documents say (a local queue, completion in batches).
// run prints the microseconds from the first job in a task to a table without any.
import pg from "pg";
import { makeWorkerUtils, run } from "graphile-worker";

const [what, count] = [process.argv[2], Number(process.argv[3])];
const pool = new pg.Pool({ max: 30 });
pool.on("error", () => {}).on("connect", (client) => client.on("error", () => {}));

if (what === "fill") {
  const utils = await makeWorkerUtils({ pgPool: pool });
  await utils.migrate();
  await pool.query("truncate graphile_worker._private_jobs");
  await pool.query(
    `select count(*) from graphile_worker.add_jobs((select array_agg(('saved', json_build_object('employee_id', n, 'date', '2026-11-21'),
       null, null, null, null, null, null)::graphile_worker.job_spec) from generate_series(1, $1::int) n))`, [count]);
  await pool.query("vacuum analyze graphile_worker._private_jobs");
  await utils.release();
} else {
  let done = 0, begin, all;
  const finished = new Promise((resolve) => { all = resolve; });
  const runner = await run({
    pgPool: pool,
    concurrency: Number(process.env.CONCURRENCY ?? 24),
    noHandleSignals: true,
    taskList: { saved: async () => { begin ??= process.hrtime.bigint(); if (++done === count) all(); } },
    preset: { worker: { localQueue: { size: 500, refetchDelay: { durationMs: 10 } }, completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
  });
  await finished;
  while ((await pool.query("select exists (select from graphile_worker._private_jobs) as any")).rows[0].any);
  console.log(String((process.hrtime.bigint() - begin) / 1000n));
  await runner.stop();
}
await pool.end();
