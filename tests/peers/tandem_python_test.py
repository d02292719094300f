"""The Python client of Tandem (tandem_python_client.py) against the real program: its synchronous form,
which cannot use a connection twice, and its streams. Standard library only.

  python3 tandem_python_test.py PROGRAM
"""

import asyncio
import http.server
import json
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

from tandem_python_client import TERMINAL, AsyncClient, HttpStatusError, SyncClient

PROGRAM = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else ""
PATIENCE = 60
MODELS = ["some-model", "other-model"]


class Model(http.server.ThreadingHTTPServer):
    """A model (chat completions) that does what the prompt tells it to:

    "say WORDS" says them, "use TOOL {JSON}" calls the tool and then says what it gave, "hold" says "half"
    and waits for release() or for the program to hang up.
    """

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), ModelRequest)
        self.asked = queue.Queue()  # bodies and keys, as they came
        self.released = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server_address[1]}/v1"

    def handle_error(self, request, client_address):
        """The program hung up."""


class ModelRequest(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps({"object": "list", "data": [{"id": name} for name in MODELS]}).encode())

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.put((body, self.headers["Authorization"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        last = body["messages"][-1]
        content = last["content"]
        text = content if isinstance(content, str) else "".join(each.get("text", "") for each in content)
        if last["role"] == "tool":
            return self.say(["It gave: ", text])
        # A summary's instructions stand around the conversation.
        use = re.match(r"use (\S+) (.*)$", text, re.DOTALL)
        if use:
            call = {"index": 0, "id": "call_1", "type": "function"}
            call["function"] = {"name": use.group(1), "arguments": use.group(2)}
            self.piece({"tool_calls": [call]})
            return self.end("tool_calls")
        if text == "hold":
            self.piece({"content": "half"})
            self.server.released.wait(PATIENCE)
            return self.end()
        words = re.match(r"say (.*)$", text, re.DOTALL)
        return self.say([words.group(1)] if words else ["In ", "short."])

    def say(self, pieces):
        for text in pieces:
            self.piece({"content": text})
        self.end()

    def end(self, reason="stop"):
        self.piece({}, reason)
        self.wfile.write(b"data: [DONE]\n\n")

    def piece(self, delta, reason=None):
        choices = [{"index": 0, "delta": delta, "finish_reason": reason}]
        chunk = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": choices}
        self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
        self.wfile.flush()


class TandemPython(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.model = Model()
        cls.home = tempfile.mkdtemp(prefix="colonnade-peers-")
        with open(os.path.join(cls.home, "config.yaml"), "w", encoding="utf-8") as out:
            out.write(
                "provider: stub\nproviders:\n  stub:\n    kind: chat_completions\n    api_key: test-key\n"
                f"    default_model: some-model\n    base_url: {cls.model.url}\n")
        kept = {name: os.environ[name] for name in ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS")
                if name in os.environ}
        cls.log = open(os.path.join(cls.home, "log"), "wb")
        cls.program = subprocess.Popen(
            [PROGRAM, "serve", "--json", "--listen", "127.0.0.1:0", "--config", "config.yaml"],
            cwd=cls.home, env=kept | {"HOME": cls.home}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=cls.log)
        ready = json.loads(cls.program.stdout.readline() or "{}")
        if not ready:
            with open(cls.log.name, encoding="utf-8") as log:
                raise RuntimeError(f"the program did not start: {log.read()}")
        cls.port = int(ready["urls"][0].rsplit(":", 1)[1].rstrip("/"))
        with open(ready["token_file"], encoding="utf-8") as token:
            cls.token = token.read().strip()

    @classmethod
    def tearDownClass(cls):
        cls.model.released.set()
        cls.program.kill()
        cls.program.wait()
        cls.program.stdout.close()
        cls.log.close()
        cls.model.shutdown()
        cls.model.server_close()
        shutil.rmtree(cls.home, ignore_errors=True)

    def setUp(self):
        self.client = SyncClient(self.port, self.token)
        self.model.released.clear()
        while not self.model.asked.empty():
            self.model.asked.get()

    def tearDown(self):
        # Nothing was kept, so no call found a connection of a loop that is closed.
        self.assertEqual(self.client.inner.transport.idle, [])

    def folder(self):
        made = os.path.realpath(tempfile.mkdtemp(prefix="colonnade-peers-work-"))
        self.addCleanup(shutil.rmtree, made, ignore_errors=True)
        return made

    def refused(self, status, code, call, *values, **more):
        with self.assertRaises(HttpStatusError) as caught:
            call(*values, **more)
        self.assertEqual(caught.exception.status, status, caught.exception.text)
        self.assertEqual(caught.exception.code, code)

    def finish(self, session, run, on_event=lambda client, event: None):
        """The events of a run to its end, as the asynchronous client reads them."""

        async def read():
            client = AsyncClient(self.port, self.token)
            out = []
            async for event in client.stream(session, run):
                out.append(event)
                step = on_event(client, event)
                if step is not None:
                    await step
                if event["type"] == "session.run.finished":
                    break
            return out

        return asyncio.run(asyncio.wait_for(read(), PATIENCE))

    # --- the client itself --------------------------------------------------------------------------

    def test_a_connection_is_for_one_call(self):
        session = self.client.sessions_create(title="My agent")
        self.assertEqual(self.client.sessions_prompt_sync(session, "say Hello."), "Hello.")
        self.assertTrue(self.client.health()["ready"])
        self.assertEqual(self.client.inner.transport.connections, 3)

    def test_calls_go_on_after_each_kind_of_error(self):
        session = self.client.sessions_create()
        calls = [
            (404, "SESSION_NOT_FOUND", self.client.sessions_get, ["none"]),
            (404, "NOT_FOUND", self.client.json, ["GET", "/session/no/such/path"]),
            (405, "METHOD_NOT_ALLOWED", self.client.json, ["PUT", "/session"]),
            (501, "NOT_IMPLEMENTED", self.client.json, ["GET", "/coder/runs"]),
            (422, "INVALID_REQUEST", self.client.json, ["PATCH", f"/session/{session}", None, {"title": 7}]),
            (400, "INVALID_REQUEST", self.client.sessions_list, []),
        ]
        for status, code, call, values in calls:
            with self.subTest(status=status, values=values):
                more = {"page": "many"} if status == 400 else {}
                self.refused(status, code, call, *values, **more)
                self.assertTrue(self.client.health()["ready"])
        stranger = SyncClient(self.port, "tk_of_nobody")
        self.refused(401, "AUTH_REQUIRED", stranger.sessions_list)
        self.refused(401, "AUTH_REQUIRED", stranger.sessions_create)
        self.assertTrue(stranger.health()["ready"])

    def test_bodies_may_be_missing(self):
        session = self.client.sessions_create()
        for verb in ("abort", "cancel", "fork", "revert", "unrevert"):
            out = self.client.json("POST", f"/session/{session}/{verb}")
            self.assertIs(out["ok"], True, verb)

    def test_tools(self):
        ids = self.client.list_tool_ids()
        for name in ("bash", "read", "write", "edit", "glob", "grep", "webfetch", "websearch", "todo_write"):
            self.assertIn(name, ids)
        self.assertEqual([tool["name"] for tool in self.client.list_tools()], ids)
        folder = self.folder()
        with open(os.path.join(folder, "plan.txt"), "w", encoding="utf-8") as out:
            out.write("columns first\n")
        session = self.client.sessions_create(directory=folder)
        read = self.client.execute_tool("read", {"path": "plan.txt", "__session_id": session})
        self.assertIn("columns first", read["output"])
        self.refused(409, "APPROVAL_PENDING", self.client.execute_tool, "bash", {"command": "true"})

    # --- runs ---------------------------------------------------------------------------------------

    def test_prompt_then_stream(self):
        session = self.client.sessions_create(title="My agent", directory=self.folder())
        run = self.client.sessions_prompt_async(session, "say Two words.", toolMode="auto", contextMode="full")
        events = self.finish(session, run)
        text = "".join(each["properties"]["delta"] for each in events if each["type"] == "session.response")
        self.assertEqual(text, "Two words.")
        types = [each["type"] for each in events]
        self.assertEqual(types[-2:], ["run.completed", "session.run.finished"])
        self.assertEqual([each for each in types if each in TERMINAL], types[-2:])
        for event in events[2:]:
            self.assertEqual((event["session_id"], event["run_id"]), (session, run), event["type"])
        stored = self.client.run_events(run, since_seq=0, tail=500)
        self.assertEqual([each["type"] for each in stored], types[2:])
        self.assertEqual(self.client.run_events(run, tail=1)[0]["type"], "session.run.finished")
        messages = self.client.sessions_messages(session)
        self.assertEqual([each["info"]["role"] for each in messages], ["user", "assistant"])
        self.assertEqual(messages[1]["parts"][0]["text"], "Two words.")

    def test_global_stream(self):
        async def read():
            client = AsyncClient(self.port, self.token)
            run = None
            async for event in client.global_stream():
                if event["type"] == "server.connected":
                    session = await client.sessions_create()
                    run = await client.sessions_prompt_async(session, "say Hello.")
                if event["type"] == "session.run.finished" and event["run_id"] == run:
                    return event["session_id"] == session
            return False

        self.assertTrue(asyncio.run(asyncio.wait_for(read(), PATIENCE)))

    def test_a_busy_session_gives_its_run(self):
        session = self.client.sessions_create()
        self.assertIsNone(self.client.sessions_active_run(session)["active"])
        run = self.client.sessions_prompt_async(session, "hold")
        self.assertEqual(self.client.sessions_active_run(session)["active"]["runID"], run)
        self.assertEqual(self.client.sessions_prompt_async(session, "say no"), run)
        self.refused(409, "SESSION_RUN_CONFLICT", self.client.sessions_prompt_sync, session, "say no")
        for verb in (f"run/{run}/cancel", "abort", "cancel"):
            stopped = self.client.sessions_do(session, verb)
            self.assertIs(stopped["ok"], True)
            self.assertIs(stopped["cancelled"], verb.startswith("run/"))
        self.assertEqual(self.finish(session, run)[-1]["properties"]["status"], "cancelled")
        self.assertIsNone(self.client.sessions_active_run(session)["active"])

    def test_files_in_a_prompt(self):
        session = self.client.sessions_create()
        run = self.client.sessions_prompt_async_parts(session, [
            {"type": "file", "mime": "text/plain", "filename": "a.txt", "url": "data:text/plain,marble"},
            {"type": "text", "text": "Of what is it?"}])
        self.finish(session, run)
        asked, _ = self.model.asked.get(timeout=PATIENCE)
        self.assertIn("a.txt", json.dumps(asked["messages"]))

    # --- sessions -----------------------------------------------------------------------------------

    def test_sessions(self):
        folder = self.folder()
        made = [self.client.sessions_create(title=f"Heron {i}", directory=folder) for i in range(3)]
        pages = [self.client.sessions_list(q="heron", page=page, page_size=2) for page in (1, 2)]
        self.assertEqual([page["count"] for page in pages], [3, 3])
        self.assertEqual([each["id"] for page in pages for each in page["sessions"]], made[::-1])
        there = self.client.sessions_list(scope="workspace", workspace=folder)
        self.assertEqual(there["count"], 3)
        self.assertEqual(self.client.sessions_update(made[0], title="Egret")["title"], "Egret")
        self.assertIs(self.client.sessions_archive(made[0])["archived"], True)
        self.assertEqual(self.client.sessions_list(workspace=folder, archived=True)["sessions"][0]["id"], made[0])
        self.assertEqual(self.client.sessions_list(workspace=folder, archived=False)["count"], 2)
        self.client.sessions_prompt_sync(made[1], "say Hello.")
        fork = self.client.sessions_do(made[1], "fork")
        self.assertEqual(fork["title"], "Heron 1 (fork)")
        self.assertEqual([each["id"] for each in self.client.sessions_children(made[1])], [fork["id"]])
        self.assertEqual(len(self.client.sessions_messages(fork["id"])), 2)
        self.assertEqual(self.client.sessions_do(made[1], "summarize")["summary"], "In short.")
        moved = self.client.sessions_do(made[2], "attach", {"target_workspace": self.folder()})
        self.assertEqual(moved["attachedFromWorkspace"], folder)
        for session in [*made, fork["id"]]:
            self.client.sessions_delete(session)
            self.refused(404, "SESSION_NOT_FOUND", self.client.sessions_get, session)
        self.client.sessions_delete(made[0])
        self.assertEqual(self.client.sessions_list(workspace=folder), {"sessions": [], "count": 0})

    def test_plans(self):
        session = self.client.sessions_create()
        todos = {"todos": [{"content": "columns", "status": "in_progress"}]}
        self.client.sessions_prompt_sync(session, f"/tool todo_write {json.dumps(todos)}")
        self.assertEqual([each["content"] for each in self.client.sessions_todos(session)], ["columns"])

    def test_changes_of_files(self):
        folder = self.folder()
        session = self.client.sessions_create(directory=folder)
        path = os.path.join(folder, "made.txt")
        run = self.client.sessions_prompt_async(session, 'use write {"path": "made.txt", "content": "it"}')

        def permit(client, event):
            if event["type"] == "permission.request":
                return client.permissions_reply(event["properties"]["id"], "once")
            return None

        self.finish(session, run, permit)
        self.assertTrue(os.path.exists(path))
        self.assertEqual(self.client.sessions_diff(session)["files"], ["made.txt"])
        self.assertIs(self.client.sessions_do(session, "revert")["ok"], True)
        self.assertFalse(os.path.exists(path))
        self.assertIs(self.client.sessions_do(session, "unrevert")["ok"], True)
        self.assertTrue(os.path.exists(path))

    # --- permissions and questions ------------------------------------------------------------------

    def test_permissions(self):
        folder = self.folder()
        session = self.client.sessions_create(directory=folder)
        path = os.path.join(folder, "made")
        prompt = 'use bash {"command": "touch made"}'

        async def answer(client, event, reply):
            request = event["properties"]["id"]
            snapshot = await client.permissions_list()
            self.assertIn(request, [each["id"] for each in snapshot["requests"]])
            out = await client.permissions_reply(request, reply)
            self.assertEqual((out["ok"], out["persistedRule"]), (True, reply == "always"))
            # What was decided, and how, keeps no word that the client's model does not know.
            snapshot = await client.permissions_list()
            self.assertNotIn(request, [each["id"] for each in snapshot["requests"]])

        def asked_and_answered(reply):
            asked = []

            def on_event(client, event):
                if event["type"] != "permission.request":
                    return None
                asked.append(event["properties"])
                return answer(client, event, reply)

            self.finish(session, self.client.sessions_prompt_async(session, prompt), on_event)
            return len(asked)

        for reply in ("deny", "reject"):
            self.assertEqual(asked_and_answered(reply), 1)
            self.assertFalse(os.path.exists(path))
        self.assertEqual(asked_and_answered("always"), 1)
        self.assertTrue(os.path.exists(path))
        os.remove(path)
        self.assertEqual(asked_and_answered(None), 0, "it holds for the next call")
        self.assertTrue(os.path.exists(path))
        rules = [each for each in self.client.permissions_list()["rules"] if each.get("directory") == folder]
        self.assertEqual([(each["permission"], each["action"]) for each in rules], [("bash", "allow")])
        self.refused(404, "permission_request_not_found", self.client.permissions_reply, "none", "once")
        self.refused(400, "invalid_permission_reply", self.client.permissions_reply, "none", "perhaps")

    def test_questions(self):
        for answer in ("blue", None):
            session = self.client.sessions_create()

            async def reply(client, event, answer=answer, session=session):
                question = event["properties"]["id"]
                listed = (await client.questions_list())["questions"]
                self.assertIn((question, session), [(each["id"], each["sessionID"]) for each in listed])
                out = await (client.questions_reply(question, answer) if answer else client.questions_reject(question))
                self.assertIs(out["ok"], True)

            run = self.client.sessions_prompt_async(session, 'use question {"question": "Which colour?"}')
            events = self.finish(
                session, run, lambda client, event: reply(client, event) if event["type"] == "question.asked" else None)
            self.assertEqual(events[-1]["properties"]["status"], "completed")
            last = self.client.sessions_messages(session)[-1]["parts"][-1]["text"]
            self.assertTrue(last.startswith("It gave: "))
            self.assertEqual("blue" in last, answer is not None)

    # --- services -----------------------------------------------------------------------------------

    def test_providers(self):
        catalog = self.client.providers_catalog()
        self.assertIn("stub", catalog["connected"])
        stub = next(each for each in catalog["all"] if each["id"] == "stub")
        self.assertEqual(sorted(stub["models"]), sorted(MODELS))
        self.client.providers_set_defaults("stub", "other-model")
        self.client.providers_set_api_key("stub", "sk-of-the-peer-tests")
        self.assertEqual(self.client.providers_config()["providers"]["stub"]["default_model"], "other-model")
        self.assertIs(self.client.providers_auth_status()["providers"]["stub"]["has_key"], True)
        self.client.sessions_prompt_sync(self.client.sessions_create(), "say Hello.")
        asked, key = self.model.asked.get(timeout=PATIENCE)
        self.assertEqual((asked["model"], key), ("other-model", "Bearer sk-of-the-peer-tests"))

    def test_mcp_servers(self):
        added = self.client.mcp_add("arcade", "http://127.0.0.1:9/mcp", headers={"Authorization": "Bearer hidden"})
        self.assertEqual(added, {"ok": True})
        self.assertIs(self.client.mcp_do("arcade", "connect")["ok"], False)
        self.assertIs(self.client.mcp_do("arcade", "refresh")["ok"], False)
        server = self.client.mcp_list()["arcade"]
        self.assertEqual((server["connected"], server["headers"]), (False, {"Authorization": "[REDACTED]"}))
        self.assertTrue(server["last_error"])
        self.assertEqual(self.client.mcp_list_tools(), [])
        self.assertEqual(self.client.mcp_list_resources(), [])
        self.assertIn('name = "arcade"', self.client.mcp_catalog_toml("arcade"))
        self.assertIs(self.client.mcp_do("arcade", "disconnect")["ok"], True)
        self.assertIs(self.client.mcp_set_enabled("arcade", False)["ok"], True)
        self.assertIs(self.client.mcp_list()["arcade"]["enabled"], False)
        self.assertEqual(self.client.mcp_delete("arcade"), {"ok": True, "removedToolCount": 0})
        self.assertEqual(self.client.mcp_list(), {})

    def test_memory(self):
        text = "Use WAL mode for sqlite in long-lived services."
        stored = self.client.memory_put(text, run_id="run-123")
        found = self.client.memory_search("sqlite wal", limit=5)
        self.assertEqual(found["results"][0]["id"], stored["id"])
        listing = self.client.memory_list(q="sqlite", user_id="user-123")
        self.assertEqual(listing["items"][0]["content"], text)
        self.assertIs(self.client.memory_promote(listing["items"][0]["id"])["promoted"], True)
        self.assertIs(self.client.memory_demote(stored["id"], "run-123")["ok"], True)
        self.assertEqual(self.client.memory_search("sqlite wal")["results"], [])
        actions = [each["action"] for each in self.client.memory_audit(run_id="run-123", limit=10)["entries"]]
        self.assertGreaterEqual(len(actions), 2)
        self.assertIs(self.client.memory_delete(stored["id"])["ok"], True)
        self.assertEqual(self.client.memory_list(q="sqlite")["items"], [])
        with self.assertRaises(HttpStatusError):
            self.client.memory_delete(stored["id"])

    def test_identity_skills_resources(self):
        patched = self.client.identity_patch({"bot": {"canonical_name": "Ada"}})
        self.assertEqual(patched["identity"]["bot"]["canonical_name"], "Ada")
        self.assertEqual(self.client.identity_get(), patched)
        self.assertEqual(self.client.skills_list(), {"skills": [], "count": 0})
        # Slashes of a key are not escaped.
        key = "agent-config/alert threshold"
        self.assertEqual(self.client.resources_write(key, {"threshold": 1})["rev"], 1)
        self.assertEqual(self.client.resources_put_key(key, {"threshold": 2})["rev"], 2)
        self.client.resources_patch_key(key, {"unit": "x"})
        self.assertEqual(self.client.resources_get(key)["value"], {"threshold": 2, "unit": "x"})
        self.assertEqual(self.client.resources_list(prefix="agent-config/", limit=5)["count"], 1)
        self.assertIs(self.client.resources_delete_key(key)["ok"], True)
        self.refused(404, "RESOURCE_NOT_FOUND", self.client.resources_get, key)


if __name__ == "__main__":
    if not PROGRAM:
        sys.exit(__doc__)
    unittest.main(argv=sys.argv[:1], verbosity=2)
