"""The other side of a queue, by pika, which Zulip's workers use.

amqp-peer.py put QUEUE          sends each line of standard input as a message
amqp-peer.py get QUEUE          takes all messages, and prints each with its properties
amqp-peer.py count QUEUE        prints how many wait
amqp-peer.py make QUEUE [JSON]  makes a durable queue with these arguments, "temporary" one that is not durable
amqp-peer.py delete QUEUE
"""
import json
import os
import sys

import pika

what, queue, rest = sys.argv[1], sys.argv[2], sys.argv[3:]
connection = pika.BlockingConnection(pika.URLParameters(os.environ["AMQP_URL"]))
channel = connection.channel()
if what == "put":
    channel.queue_declare(queue, durable=True)
    channel.confirm_delivery()
    for line in sys.stdin.buffer:
        channel.basic_publish("", queue, line.rstrip(b"\n"), pika.BasicProperties(delivery_mode=2), mandatory=True)
elif what == "get":
    while True:
        method, properties, body = channel.basic_get(queue, auto_ack=True)
        if method is None:
            break
        shown = {name: value for name, value in vars(properties).items() if value is not None}
        print(json.dumps({"properties": shown, "key": method.routing_key, "exchange": method.exchange, "body": body.decode()}))
elif what == "count":
    print(channel.queue_declare(queue, passive=True).method.message_count)
elif what == "make":
    if rest == ["temporary"]:
        channel.queue_declare(queue, durable=False)
    else:
        channel.queue_declare(queue, durable=True, arguments=json.loads(rest[0]) if rest else None)
elif what == "delete":
    channel.queue_delete(queue)
connection.close()
