"""An MCP server on standard input and output that does what its first argument says."""

import json
import os
import signal
import subprocess
import sys
import threading

MODE = sys.argv[1]
REVISION = "2026-07-28" if MODE.startswith("modern") else "2025-11-25"
lock = threading.Lock()


def write(text):
    with lock:
        sys.stdout.write(text)
        sys.stdout.flush()


def send(message):
    write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")


def tool(name, description="does it"):
    return {"name": name, "description": description, "inputSchema": {"type": "object"}}


changed = False
held = {}  # calls that are answered later: what a test waits for comes from them


def tools():
    names = ["run", "echo", "environment", "pid", "die", "half", "never", "flood", "change", "ask",
             "progress", "sample", "cancelled", "grandchild"]
    return [tool(one, "now it does more" if changed and one == "echo" else "does it")
            for one in names]


def text(value):
    return {"content": [{"type": "text", "text": value}], "resultType": "complete"}


cancelled = []


def call(id, name, arguments, params):
    global changed
    if name == "echo":
        send({"id": id, "result": text(arguments.get("text", ""))})
    elif name == "environment":
        send({"id": id, "result": text(json.dumps(dict(os.environ)))})
    elif name == "pid":
        send({"id": id, "result": text(str(os.getpid()))})
    elif name == "die":
        os._exit(3)
    elif name == "half":
        write('{"jsonrpc":"2.0","id":')
        os._exit(4)
    elif name == "flood":
        for i in range(3000):
            send({"method": "notifications/message", "params": {"data": "x" * 4000}})
        send({"id": id, "result": text("flooded")})
    elif name == "change":
        changed = True
        send({"method": "notifications/tools/list_changed"})
        send({"id": id, "result": text("changed")})
    elif name == "grandchild":
        child = subprocess.Popen(["sleep", "1000"])
        send({"id": id, "result": text(str(child.pid))})
    elif name == "progress":
        token = params.get("_meta", {}).get("progressToken")
        for i in (1, 2):
            send({"method": "notifications/progress",
                  "params": {"progressToken": token, "progress": i, "total": 2}})
        send({"id": id, "result": text("done")})
    elif name == "cancelled":
        send({"id": id, "result": text(json.dumps(cancelled))})
    elif name in ("ask", "sample"):
        method = "elicitation/create" if name == "ask" else "sampling/createMessage"
        question = {"message": "which one?", "requestedSchema": {"type": "object"}}
        if REVISION == "2026-07-28":
            answers = params.get("inputResponses")
            if answers is None:
                send({"id": id, "result": {"resultType": "input_required", "requestState": "s1",
                      "inputRequests": {"q": {"method": method, "params": question}}}})
            else:
                send({"id": id, "result": text(
                    json.dumps([answers, params.get("requestState")]))})
        else:
            held["q"] = id
            send({"id": "q", "method": method, "params": question})
    # "never": no answer


def handle(message):
    method, id = message.get("method"), message.get("id")
    params = message.get("params", {})
    if method == "server/discover":
        if MODE == "dies-when-probed":
            os._exit(9)
        if MODE == "silent":
            return
        if REVISION == "2026-07-28":
            send({"id": id, "result": {"supportedVersions": [REVISION], "resultType": "complete",
                  "capabilities": {"tools": {"listChanged": True}}}})
        else:
            send({"id": id, "error": {"code": -32601, "message": "Method not found"}})
    elif method == "initialize":
        if MODE == "never":
            return
        if MODE == "future":
            REVISION_ANSWER = "2099-01-01"
        else:
            REVISION_ANSWER = params["protocolVersion"]
        send({"id": id, "result": {"protocolVersion": REVISION_ANSWER,
              "capabilities": {"tools": {"listChanged": True}, "resources": {}},
              "serverInfo": {"name": "faulty", "version": "1"}}})
        if MODE == "asks":
            send({"id": 0, "method": "ping"})
            send({"id": "r", "method": "roots/list"})
    elif method == "tools/list":
        if MODE == "endless":
            send({"id": id, "result": {"tools": [], "nextCursor": "again"}})
        elif params.get("cursor") == "two":
            send({"id": id, "result": {"tools": tools()[5:], "resultType": "complete"}})
        else:
            send({"id": id, "result": {"tools": tools()[:5], "nextCursor": "two",
                  "resultType": "complete"}})
    elif method == "resources/list":
        send({"id": id, "result": {"resources": [{"uri": "a://b", "name": "b"}]}})
    elif method == "subscriptions/listen":
        send({"method": "notifications/subscriptions/acknowledged",
              "params": {"_meta": {"io.modelcontextprotocol/subscriptionId": id}}})
    elif method == "notifications/cancelled":
        cancelled.append(params)
    elif method == "tools/call":
        call(id, params["name"], params.get("arguments", {}), params)
    elif id == "q":
        send({"id": held.pop("q"), "result": text(json.dumps(message.get("result",
              message.get("error"))))})
    elif method and id is not None:
        send({"id": id, "error": {"code": -32601, "message": "Method not found"}})


def main():
    if MODE == "exits":
        sys.exit(7)
    if MODE in ("stubborn", "modern-stubborn"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if MODE == "babble":
        for i in range(5):
            write("listening, please wait\n")
    if MODE == "noise":
        while True:
            write("not a message\n")
    if MODE == "endless-line":
        while True:
            write("x" * 65536)
    sys.stderr.write("started with " + os.environ.get("TOKEN", "nothing") + "\n")
    sys.stderr.flush()
    for line in sys.stdin:
        handle(json.loads(line))
    if MODE in ("stubborn", "modern-stubborn"):
        while True:
            signal.pause()


main()
