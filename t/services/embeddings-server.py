# embeddings-server.py PORT-FILE MODEL-FOLDER - /v1/embeddings and /v1/models with a real model, all-MiniLM-L6-v2
#
# The model is a BERT of six layers, worked out here with numpy alone: its framework would be 2 GB to install. Writes its port
# into PORT-FILE when it is ready. Each request is logged as the number of its texts.
import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file
from tokenizers import Tokenizer

folder = Path(sys.argv[2])
weights = load_file(folder / "model.safetensors")
tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
tokenizer.no_padding()
tokenizer.enable_truncation(256)
HEADS = 12


def erf(x):  # Abramowitz and Stegun 7.1.26
    t = 1 / (1 + 0.3275911 * np.abs(x))
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    return np.sign(x) * (1 - series * np.exp(-x * x))


def linear(x, name):
    return x @ weights[name + ".weight"].T + weights[name + ".bias"]


def normal(x, name):
    x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-12)
    return x * weights[name + ".weight"] + weights[name + ".bias"]


def heads(x):
    return x.reshape(len(x), HEADS, -1).swapaxes(0, 1)


def embed(text):
    ids = tokenizer.encode(text).ids
    x = weights["embeddings.word_embeddings.weight"][ids] + weights["embeddings.position_embeddings.weight"][: len(ids)]
    x = normal(x + weights["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
    for n in range(6):
        layer = f"encoder.layer.{n}."
        query, key, value = (heads(linear(x, layer + "attention.self." + part)) for part in ("query", "key", "value"))
        scores = query @ key.swapaxes(1, 2) / np.sqrt(query.shape[-1])
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = (scores / scores.sum(-1, keepdims=True)) @ value
        mixed = linear(mixed.swapaxes(0, 1).reshape(len(ids), -1), layer + "attention.output.dense")
        x = normal(x + mixed, layer + "attention.output.LayerNorm")
        wide = linear(x, layer + "intermediate.dense")
        wide = wide * (1 + erf(wide / np.sqrt(2))) / 2
        x = normal(x + linear(wide, layer + "output.dense"), layer + "output.LayerNorm")
    mean = x.mean(0)
    return (mean / np.linalg.norm(mean)).tolist()


class Handler(BaseHTTPRequestHandler):
    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer({"object": "list", "data": [{"id": "all-MiniLM-L6-v2", "object": "model"}]})

    def do_POST(self):
        texts = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["input"]
        print(len(texts), flush=True)
        self.answer({"object": "list", "data": [{"object": "embedding", "index": n, "embedding": embed(t)} for n, t in enumerate(texts)]})

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Handler)
Path(sys.argv[1] + ".new").write_text(str(server.server_port))
Path(sys.argv[1] + ".new").rename(sys.argv[1])
server.serve_forever()
