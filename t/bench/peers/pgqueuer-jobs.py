# pgqueuer-jobs.py fill N | run N [BATCH] - jobs through PgQueuer on asyncpg and uvloop.
# run prints the microseconds from the first job in an entrypoint to a table without any.
import asyncio, logging, os, sys, time
from datetime import timedelta

import asyncpg, uvloop
from pgqueuer import AsyncpgDriver, AsyncpgPoolDriver, QueueManager
from pgqueuer.queries import Queries

what, count = sys.argv[1], int(sys.argv[2])
batch = int(sys.argv[3]) if len(sys.argv) > 3 else 1000
logging.disable(logging.CRITICAL)


async def connect():
    return await asyncpg.connect(host=os.environ["PGHOST"], port=os.environ["PGPORT"], user=os.environ["PGUSER"], database=os.environ["PGDATABASE"])


async def fill():
    connection = await connect()
    queries = Queries(AsyncpgDriver(connection))
    if not await queries.schema_is_installed():
        await queries.install()
    await connection.execute("truncate pgqueuer; truncate pgqueuer_log")
    payload = b'{"employee_id": 1, "date": "2026-11-21"}'
    await queries.enqueue(["saved"] * count, [payload] * count, [0] * count)
    await connection.execute("vacuum analyze pgqueuer")
    await connection.close()


async def run():
    manager = QueueManager(Queries(AsyncpgDriver(await connect())))
    other = await connect()
    done, begin = 0, None
    finished = asyncio.Event()

    @manager.entrypoint("saved")
    async def saved(job):
        nonlocal done, begin
        begin = begin or time.monotonic_ns()
        done += 1
        if done == count:
            finished.set()

    task = asyncio.create_task(manager.run(dequeue_timeout=timedelta(seconds=1), batch_size=batch))
    await asyncio.wait([task, asyncio.create_task(finished.wait())], return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        await task
    while await other.fetchval("select exists (select from pgqueuer where status in ('queued', 'picked'))"):
        await asyncio.sleep(0.001)
    print((time.monotonic_ns() - begin) // 1000)
    manager.shutdown.set()
    await task
    await other.close()


uvloop.run(fill() if what == "fill" else run())
