"""Reads what rc-provenance writes by the clients of each form: provenance-clients.py FORM < document. Prints what it found."""
import json
import sys

form = sys.argv[1]
text = sys.stdin.read()

if form == "in-toto":
    from google.protobuf.json_format import Parse
    from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
    from in_toto_attestation.v1 import statement_pb2
    from in_toto_attestation.v1.statement import Statement

    message = Parse(text, statement_pb2.Statement())
    statement = Statement.copy_from_pb(message)
    statement.validate()
    predicate = Parse(json.dumps(json.loads(text)["predicate"]), provenance_pb2.Provenance())
    assert all(len(subject.digest["sha256"]) == 64 for subject in message.subject)
    print(predicate.run_details.metadata.invocation_id, predicate.build_definition.build_type,
          [subject.name for subject in message.subject], [d.name for d in predicate.build_definition.resolved_dependencies],
          predicate.run_details.metadata.finished_on.ToSeconds() >= predicate.run_details.metadata.started_on.ToSeconds())
elif form == "openlineage":
    from openlineage.client import event_v2
    for line in text.splitlines():
        event = json.loads(line)
        datasets = {kind: [getattr(event_v2, cls)(namespace=d["namespace"], name=d["name"]) for d in event[kind]]
                    for kind, cls in (("inputs", "InputDataset"), ("outputs", "OutputDataset"))}
        read = event_v2.RunEvent(
            eventType=event_v2.RunState[event["eventType"]], eventTime=event["eventTime"],
            run=event_v2.Run(runId=event["run"]["runId"]), job=event_v2.Job(namespace=event["job"]["namespace"], name=event["job"]["name"]),
            producer=event["producer"], inputs=datasets["inputs"], outputs=datasets["outputs"])
        assert event["schemaURL"] == read.schemaURL, (event["schemaURL"], read.schemaURL)
        print(read.eventType.value, read.run.runId, [d.name for d in read.inputs], [d.name for d in read.outputs])
elif form == "prov":
    from prov.model import ProvDocument
    document = ProvDocument.deserialize(content=text, format="json")
    print(sorted(type(record).__name__ for record in document.get_records()))
elif form == "stac":
    import pystac
    item = pystac.Item.from_dict(json.loads(text))
    item.stac_extensions = []  # their schemas would be fetched
    item.validate()
    print(item.id, item.geometry, sorted(item.assets))
elif form == "dcat":
    document = json.loads(text)
    print(document["@type"], [d["spdx:checksum"]["spdx:checksumValue"][:4] for d in document["dcat:distribution"]])
