# neo4j-merge.py URL PASSWORD THREADS NODES EDGES - the records of two files into Neo4j, in the batches that kfm-reindex has
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from neo4j import GraphDatabase

url, password, threads, nodes, edges = sys.argv[1:]
NODES = """UNWIND $rows AS row MERGE (n:KfmNode {id: row.id})
  SET n.kind = row.kind, n.label = row.label, n.dataset_id = row.dataset_id, n.generation = 'bench'"""
EDGES = """UNWIND $rows AS row MERGE (a:KfmNode {id: row.from_id}) MERGE (b:KfmNode {id: row.to_id})
  MERGE (a)-[r:RELATES {kind: row.kind}]->(b) SET r.dataset_id = row.dataset_id, r.generation = 'bench'"""


def batches(path):
    with open(path, encoding="utf-8") as lines:
        while rows := [json.loads(line) for line in islice(lines, 2000)]:
            yield rows


with GraphDatabase.driver(url, auth=("neo4j", password)) as driver, ThreadPoolExecutor(int(threads)) as pool:
    driver.execute_query("CREATE CONSTRAINT kfm_node_id IF NOT EXISTS FOR (n:KfmNode) REQUIRE n.id IS UNIQUE")

    def merge(statement, rows):
        with driver.session() as session:  # with the driver's own retries
            session.execute_write(lambda tx: tx.run(statement, rows=rows).consume())

    for path, statement in ((nodes, NODES), (edges, EDGES)):
        list(pool.map(lambda rows, s=statement: merge(s, rows), batches(path)))
