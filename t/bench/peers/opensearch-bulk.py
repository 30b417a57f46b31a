# opensearch-bulk.py URL INDEX THREADS FILE - the records of FILE into INDEX by parallel_bulk, a thousand a request
import json
import sys

from opensearchpy import OpenSearch
from opensearchpy.helpers import parallel_bulk

url, index, threads, path = sys.argv[1:]
client = OpenSearch(url, timeout=120)


def actions():
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield {"_index": index, "_id": row["id"], "_source": row}


for good, info in parallel_bulk(client, actions(), thread_count=int(threads), chunk_size=1000):
    if not good:
        sys.exit(str(info))
