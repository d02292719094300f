"""Plays the server's side of a recorded stdio session: argument 1 is the transcript.

A request is answered as the same request was, under its own id; one that was never answered is not.
What the server said unasked after the handshake is said again after the handshake.
"""

import json
import sys

requests, answers, unasked, progress = {}, {}, [], {}
for line in open(sys.argv[1], encoding="utf-8"):
    record = json.loads(line)
    if "line" not in record:
        continue
    message = json.loads(record["line"])
    id = json.dumps(message.get("id"))
    if record["from"] == "client":
        if "method" in message and "id" in message:
            requests[id] = message
    elif message.get("method") == "notifications/progress":
        progress.setdefault(json.dumps(message["params"]["progressToken"]), []).append(message)
    elif "method" in message:
        unasked.append(message)
    else:
        answers[id] = message


def key(message):
    params = dict(message.get("params") or {})
    params.pop("_meta", None)
    return json.dumps([message["method"], {} if message["method"] == "initialize" else params],
                      sort_keys=True)


recorded = {key(message): id for id, message in requests.items()}


def send(message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


for line in sys.stdin:
    message = json.loads(line)
    if message.get("method") == "notifications/initialized":
        for one in unasked:
            send(one)
    if "method" not in message or "id" not in message:
        continue
    id = recorded.get(key(message))
    if id is None:
        send({"jsonrpc": "2.0", "id": message["id"],
              "error": {"code": -32601, "message": "Method not found"}})
    elif id in answers:
        asked = requests[id].get("params") or {}
        token = json.dumps((asked.get("_meta") or {}).get("progressToken"))
        for one in progress.get(token, []):
            one["params"]["progressToken"] = message["params"]["_meta"]["progressToken"]
            send(one)
        send({**answers[id], "id": message["id"]})
