"""django-hashers.py make|check: what Django's own password functions do with the records on stdin

make:   {"typed"} -> the same with "hash", by make_password()
check:  {"typed","wrong","hash"} -> "right" and "wrong", what check_password() says of "typed" and "wrong";
        "must_update", whether the hasher wants another hash; "saved", whether a login would write one
version: nothing -> Django's version, once what is needed here can be imported

Needs no database and no settings: the default PASSWORD_HASHERS are what is asked for.
"""
import json
import sys
from concurrent.futures import ThreadPoolExecutor

import django
from django.conf import settings

settings.configure()
from django.contrib.auth.hashers import check_password, identify_hasher, make_password  # noqa: E402


def make(record):
    return {**record, "hash": make_password(record["typed"])}


def check(record):
    saved = []
    return {
        "right": check_password(record["typed"], record["hash"], setter=saved.append),
        "wrong": check_password(record["wrong"], record["hash"]),
        "must_update": identify_hasher(record["hash"]).must_update(record["hash"]),
        "saved": saved != [],
    }


if sys.argv[1] == "version":
    print(django.get_version())
else:
    function = {"make": make, "check": check}[sys.argv[1]]
    with ThreadPoolExecutor() as pool:  # a hash takes a core for a third of a second; the order is kept
        for result in pool.map(function, [json.loads(line) for line in sys.stdin.buffer]):
            print(json.dumps(result))
