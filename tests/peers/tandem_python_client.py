"""The published Python client of Tandem (tandem-client 0.4.6 over httpx 0.28), habit by habit.

What it puts on the wire (tandem §1.3): a bodyless POST says Content-Length: 0 and no type, a body is
compact JSON, slashes in ids stay as they are, no redirect is followed. Its synchronous form runs each
call in an event loop of its own over one pool of connections: a connection that the server keeps open
is taken out of the pool by the next call, and belongs to a loop that is closed.

What it demands of answers (tandem §1.7): its models' members, of which the first spelling that is
there counts, and enumerations without any other word. Standard library only.
"""

import asyncio
import json
import urllib.parse

READ_SECONDS = 20  # between two reads of a call
STREAM_SECONDS = 300
TERMINAL = {"run.complete", "run.completed", "run.failed", "session.run.finished"}  # where its loops end


class HttpStatusError(Exception):
    def __init__(self, status, text):
        super().__init__(f"{status}: {text}")
        self.status = status
        self.text = text

    @property
    def code(self):
        return json.loads(self.text).get("code")


class ValidationError(Exception):
    pass


# --- the wire ---------------------------------------------------------------------------------------


class Connection:
    def __init__(self, reader, writer):
        self.reader = reader
        self.writer = writer
        self.loop = asyncio.get_running_loop()

    async def read(self, how, seconds=READ_SECONDS):
        return await asyncio.wait_for(how, seconds)

    async def head(self):
        lines = (await self.read(self.reader.readuntil(b"\r\n\r\n"))).decode("latin-1").split("\r\n")
        headers = {}
        for line in lines[1:-2]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        return int(lines[0].split(" ")[1]), headers

    async def chunk(self, seconds):
        """The next chunk of a body; b"" at its end."""
        size = int((await self.read(self.reader.readuntil(b"\r\n"), seconds)).split(b";")[0], 16)
        data = await self.read(self.reader.readexactly(size + 2), seconds)
        return data[:-2]

    async def body(self, headers):
        if headers.get("transfer-encoding") != "chunked":
            return await self.read(self.reader.readexactly(int(headers.get("content-length", 0))))
        out = b""
        while data := await self.chunk(READ_SECONDS):
            out += data
        return out

    async def is_closed(self):
        return await self.read(self.reader.read(1)) == b""


class Transport:
    """One pool of connections."""

    def __init__(self, port, token):
        self.port = port
        self.token = token
        self.idle = []
        self.connections = 0

    async def connection(self):
        while self.idle:
            connection = self.idle.pop()
            if connection.loop.is_closed():
                raise RuntimeError("Event loop is closed")
            if not connection.reader.at_eof():
                return connection
        self.connections += 1
        return Connection(*await asyncio.open_connection("127.0.0.1", self.port))

    async def send(self, method, path, query, body, more):
        target = path
        if query:
            target += "?" + urllib.parse.urlencode(query)
        headers = {
            "Host": f"127.0.0.1:{self.port}", "Accept": "*/*", "Accept-Encoding": "gzip, deflate",
            "Connection": "keep-alive", "User-Agent": "python-httpx/0.28.1",
            "Authorization": f"Bearer {self.token}",
        }
        headers.update(more)
        content = b""
        if body is not None:
            content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
            headers["Content-Type"] = "application/json"
        if body is not None or method in ("POST", "PUT", "PATCH"):
            headers["Content-Length"] = str(len(content))
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        connection = await self.connection()
        connection.writer.write(f"{method} {target} HTTP/1.1\r\n{head}\r\n".encode() + content)
        await connection.writer.drain()
        return connection

    async def request(self, method, path, query=None, body=None):
        """The answer's bytes; its status has to be a success."""
        connection = await self.send(method, path, query, body, {})
        status, headers = await connection.head()
        content = await connection.body(headers)
        if headers.get("connection", "").lower() == "close":
            if not await connection.is_closed():
                raise AssertionError(f"{method} {path}: a connection that was to close did not")
            connection.writer.close()
        else:
            self.idle.append(connection)
        if status < 200 or status >= 300:
            raise HttpStatusError(status, content.decode())
        return content

    async def events(self, path, query):
        """Every event that the client yields."""
        more = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
        connection = await self.send("GET", path, query, None, more)
        status, headers = await connection.head()
        if not headers.get("content-type", "").startswith("text/event-stream"):
            raise ValidationError(f"a stream of {headers.get('content-type')} ({status})")
        try:
            text = ""
            while data := await connection.chunk(STREAM_SECONDS):
                text += data.decode()
                while "\n\n" in text:
                    frame, _, text = text.partition("\n\n")
                    event = event_of(frame)
                    if event is not None:
                        yield event
        finally:
            connection.writer.close()


def event_of(frame):
    """The event of a frame; None for what the client drops (tandem §3.3)."""
    data = "\n".join(line[5:].removeprefix(" ") for line in frame.split("\n") if line.startswith("data:"))
    try:
        event = json.loads(data)
    except ValueError:
        return None
    if not isinstance(event, dict) or "type" not in event:
        return None
    if not isinstance(event.get("properties", {}), dict):
        return None
    for spellings in (["timestamp"], ["sessionID", "sessionId", "session_id"], ["runID", "runId", "run_id"]):
        given = first(event, spellings)
        if given is not None and not isinstance(given, str):
            return None
    return {
        "type": event["type"], "properties": event.get("properties", {}),
        "session_id": first(event, ["sessionID", "sessionId", "session_id"]),
        "run_id": first(event, ["runID", "runId", "run_id"]),
    }


# --- the models -------------------------------------------------------------------------------------


def first(value, spellings):
    """The first spelling that is there counts, also when it is null."""
    for name in spellings:
        if name in value:
            return value[name]
    return None


class Field:
    """A member: its type, its spellings, and whether it may be missing or null."""

    def __init__(self, kind, *spellings, required=False, nullable=True):
        self.kind = kind
        self.spellings = spellings
        self.required = required
        self.nullable = nullable and not required

    def check(self, name, owner, where):
        spellings = self.spellings or (name,)
        present = any(each in owner for each in spellings)
        if not present:
            if self.required:
                raise ValidationError(f"{where}.{name} is missing")
            return
        value = first(owner, spellings)
        if value is None:
            if not self.nullable:
                raise ValidationError(f"{where}.{name} is null")
            return
        check(self.kind, value, f"{where}.{name}")


def check(kind, value, where):
    """Raises unless `value` is of the kind: a type, a set of words, [kind] for lists, {name: Field}."""
    if isinstance(kind, list):
        check(list, value, where)
        for i, each in enumerate(value):
            check(kind[0], each, f"{where}[{i}]")
    elif isinstance(kind, dict):
        check(dict, value, where)
        for name, field in kind.items():
            field.check(name, value, where)
    elif isinstance(kind, (set, frozenset)):
        if value not in kind:
            raise ValidationError(f"{where}: {value!r} is none of {sorted(kind)}")
    elif kind is float:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ValidationError(f"{where}: {value!r} is no number")
    elif not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise ValidationError(f"{where}: {value!r} is no {kind.__name__}")


def must(kind, *spellings):
    return Field(kind, *spellings, required=True)


def counted(kind, *spellings):
    """Lists and counts are not null."""
    return Field(kind, *spellings, nullable=False)


DECISIONS = frozenset(["pending", "approved", "rejected", "unknown"])
SESSION_ID = ["sessionID", "sessionId", "session_id"]
RUN_ID = ["runID", "runId", "run_id"]

HEALTH = {"ready": Field(bool), "phase": Field(str)}
TOOL = {"name": must(str), "description": Field(str), "input_schema": Field(dict, "input_schema", "inputSchema")}
TOOL_RESULT = {"output": Field(str), "metadata": Field(dict)}
SESSION = {
    "id": must(str), "title": must(str), "created_at_ms": Field(int, "createdAtMs", "created_at_ms"),
    "directory": Field(str), "workspace_root": Field(str, "workspaceRoot", "workspace_root"),
    "archived": Field(bool),
}
SESSIONS = {"sessions": counted([SESSION]), "count": counted(int)}
MESSAGE = {"info": Field(dict), "parts": Field([{"type": Field(str), "text": Field(str)}])}
TODO = {"id": Field(str), "content": must(str), "status": Field(str)}
RUN_STATE = {"active": Field({
    "run_id": Field(str, *RUN_ID), "attach": Field(str, "attachEventStream", "attach_event_stream")})}
DIFF = {"diff": Field(str), "files": Field([str])}
PERMISSIONS = {
    "requests": counted([{
        "id": must(str), "session_id": Field(str, *SESSION_ID), "permission": Field(str), "pattern": Field(str),
        "tool": Field(str), "status": Field(DECISIONS)}]),
    "rules": counted([dict]),
}
QUESTIONS = {"questions": counted([{
    "id": must(str), "session_id": Field(str, *SESSION_ID), "text": Field(str), "choices": Field([str]),
    "status": Field(DECISIONS)}])}
CATALOG = {
    "all": counted([{"id": must(str), "name": Field(str), "models": Field(dict)}]),
    "connected": Field([str]), "default": Field(str),
}
PROVIDERS = {"providers": counted(dict), "default": Field(str)}
MEMORY_PUT = {
    "id": must(str), "ok": Field(bool), "stored": Field(bool), "tier": Field(str),
    "partition_key": Field(str), "audit_id": Field(str),
}
MEMORY_ITEM = {
    "id": Field(str), "text": Field(str), "content": Field(str), "user_id": Field(str, "userID", "user_id"),
    "source_type": Field(str), "tags": Field([str]), "source": Field(str), "session_id": Field(str, *SESSION_ID),
    "run_id": Field(str, *RUN_ID),
}
MEMORY_LIST = {"items": counted([MEMORY_ITEM]), "count": counted(int)}
MEMORY_RESULTS = {
    "results": counted([MEMORY_ITEM | {"id": must(str), "score": Field(float)}]), "count": counted(int)}
MEMORY_PROMOTED = {
    "ok": Field(bool), "id": Field(str), "promoted": Field(bool), "new_memory_id": Field(str),
    "to_tier": Field(str), "audit_id": Field(str),
}
MEMORY_AUDIT = {
    "entries": counted([{"id": Field(str), "ts_ms": Field(int), "action": Field(str), "run_id": Field(str)}]),
    "count": counted(int),
}
RESOURCE = {"key": must(str), "rev": Field(int), "updated_at_ms": Field(int), "updated_by": Field(str)}
RESOURCES = {"items": counted([RESOURCE]), "count": counted(int)}
RESOURCE_WRITTEN = {"ok": must(bool), "rev": Field(int)}
SKILL = {"name": must(str), "location": Field(str), "description": Field(str)}
SKILLS = {"skills": counted([SKILL]), "count": counted(int)}


# --- the client -------------------------------------------------------------------------------------


def part(text):
    """Of a path, as the client quotes it."""
    return urllib.parse.quote(text)


class AsyncClient:
    """Its calls, with the names of its namespaces in front."""

    def __init__(self, port, token):
        self.transport = Transport(port, token)

    async def json(self, method, path, query=None, body=None, kind=None):
        content = await self.transport.request(method, path, query, body)
        try:
            out = json.loads(content)
        except ValueError as error:
            raise ValidationError(f"{method} {path}: no JSON: {content!r}") from error
        if kind is not None:
            check(kind, out, path)
        return out

    async def listed(self, path, name, kind, query=None):
        """Of a bare array, or of an object with one."""
        out = await self.json("GET", path, query)
        rows = out if isinstance(out, list) else out[name]
        check([kind], rows, path)
        return rows

    async def health(self):
        return await self.json("GET", "/global/health", kind=HEALTH)

    async def list_tool_ids(self):
        return await self.json("GET", "/tool/ids", kind=[str])

    async def list_tools(self):
        return await self.json("GET", "/tool", kind=[TOOL])

    async def execute_tool(self, tool, args=None):
        return await self.json("POST", "/tool/execute", body={"tool": tool, "args": args or {}}, kind=TOOL_RESULT)

    async def run_events(self, run, **query):
        return await self.json("GET", f"/run/{part(run)}/events", query, kind=[dict])

    def stream(self, session, run=None):
        query = {"sessionID": session}
        if run:
            query["runID"] = run
        return self.transport.events("/event", query)

    def global_stream(self):
        return self.transport.events("/global/event", None)

    # sessions

    async def sessions_create(self, title="Tandem SDK Session", directory=".", provider=None, model=None):
        body = {"title": title, "directory": directory}
        if provider and model:
            body["model"] = {"providerID": provider, "modelID": model}
            body["provider"] = provider
        out = await self.json("POST", "/session", body=body)
        check(str, out["id"], "/session")
        return out["id"]

    async def sessions_list(self, **query):
        query = {name: str(value).lower() if isinstance(value, bool) else value for name, value in query.items()}
        out = await self.json("GET", "/session", query)
        if isinstance(out, list):
            out = {"sessions": out, "count": len(out)}
        check(SESSIONS, out, "/session")
        return out

    async def sessions_get(self, session):
        return await self.json("GET", f"/session/{part(session)}", kind=SESSION)

    async def sessions_update(self, session, **changes):
        return await self.json("PATCH", f"/session/{part(session)}", body=changes, kind=SESSION)

    async def sessions_archive(self, session):
        return await self.sessions_update(session, archived=True)

    async def sessions_delete(self, session):
        await self.transport.request("DELETE", f"/session/{part(session)}")

    async def sessions_messages(self, session):
        return await self.json("GET", f"/session/{part(session)}/message", kind=[MESSAGE])

    async def sessions_todos(self, session):
        return await self.listed(f"/session/{part(session)}/todo", "todos", TODO)

    async def sessions_active_run(self, session):
        return await self.json("GET", f"/session/{part(session)}/run", kind=RUN_STATE)

    async def sessions_prompt_async(self, session, prompt, **more):
        return await self.sessions_prompt_async_parts(session, [{"type": "text", "text": prompt}], **more)

    async def sessions_prompt_async_parts(self, session, parts, **more):
        """A conflict with the id of a run is a result."""
        path = f"/session/{part(session)}/prompt_async"
        try:
            out = await self.json("POST", path, {"return": "run"}, {"parts": parts} | more)
        except HttpStatusError as error:
            if error.status != 409:
                raise
            out = json.loads(error.text)["activeRun"]
        run = next((out[name] for name in ["id", *RUN_ID] if out.get(name)), None)
        if run is None:
            raise ValueError("Run ID missing in engine response")
        return run

    async def sessions_prompt_sync(self, session, prompt):
        body = {"parts": [{"type": "text", "text": prompt}]}
        out = await self.json("POST", f"/session/{part(session)}/prompt_sync", body=body)
        return out.get("reply") or out.get("text") or out.get("output") or ""

    async def sessions_do(self, session, verb, body=None, kind=dict):
        """abort, cancel, run/ID/cancel, fork, revert, unrevert, summarize, attach"""
        return await self.json("POST", f"/session/{part(session)}/{verb}", body=body or {}, kind=kind)

    async def sessions_children(self, session):
        return await self.listed(f"/session/{part(session)}/children", "sessions", SESSION)

    async def sessions_diff(self, session):
        return await self.json("GET", f"/session/{part(session)}/diff", kind=DIFF)

    # permissions and questions

    async def permissions_list(self):
        return await self.json("GET", "/permission", kind=PERMISSIONS)

    async def permissions_reply(self, request, reply):
        return await self.json("POST", f"/permission/{part(request)}/reply", body={"reply": reply})

    async def questions_list(self):
        out = await self.json("GET", "/question")
        out = {"questions": out} if isinstance(out, list) else out
        check(QUESTIONS, out, "/question")
        return out

    async def questions_reply(self, question, answer):
        return await self.json("POST", f"/question/{part(question)}/reply", body={"answer": answer})

    async def questions_reject(self, question):
        return await self.json("POST", f"/question/{part(question)}/reject", body={})

    # providers

    async def providers_catalog(self):
        return await self.json("GET", "/provider", kind=CATALOG)

    async def providers_config(self):
        return await self.json("GET", "/config/providers", kind=PROVIDERS)

    async def providers_set_defaults(self, provider, model):
        body = {"default_provider": provider, "providers": {provider: {"default_model": model}}}
        await self.transport.request("PATCH", "/config", body=body)

    async def providers_set_api_key(self, provider, key):
        await self.transport.request("PUT", f"/auth/{part(provider)}", body={"apiKey": key})

    async def providers_auth_status(self):
        return await self.json("GET", "/provider/auth", kind=dict)

    # mcp

    async def mcp_list(self):
        return await self.json("GET", "/mcp", kind=dict)

    async def mcp_list_tools(self):
        return await self.json("GET", "/mcp/tools", kind=[dict])

    async def mcp_list_resources(self):
        return await self.json("GET", "/mcp/resources", kind=[dict])

    async def mcp_add(self, name, transport, headers=None, enabled=True):
        body = {"name": name, "transport": transport, "enabled": enabled}
        if headers:
            body["headers"] = headers
        return await self.json("POST", "/mcp", body=body, kind=dict)

    async def mcp_do(self, name, verb):
        """connect, disconnect, refresh: without a body."""
        return await self.json("POST", f"/mcp/{part(name)}/{verb}", kind=dict)

    async def mcp_set_enabled(self, name, enabled):
        return await self.json("PATCH", f"/mcp/{part(name)}", body={"enabled": enabled}, kind=dict)

    async def mcp_delete(self, name):
        return await self.json("DELETE", f"/mcp/{part(name)}", kind=dict)

    async def mcp_catalog_toml(self, slug):
        return (await self.transport.request("GET", f"/mcp/catalog/{part(slug)}/toml")).decode()

    # memory

    async def memory_put(self, text, **more):
        return await self.json("POST", "/memory/put", body={"text": text} | more, kind=MEMORY_PUT)

    async def memory_search(self, query, **more):
        return await self.json("POST", "/memory/search", body={"query": query} | more, kind=MEMORY_RESULTS)

    async def memory_list(self, **query):
        return await self.json("GET", "/memory", query, kind=MEMORY_LIST)

    async def memory_promote(self, memory):
        return await self.json("POST", "/memory/promote", body={"id": memory}, kind=MEMORY_PROMOTED)

    async def memory_demote(self, memory, run_id=None):
        body = {"id": memory} | ({"run_id": run_id} if run_id else {})
        return await self.json("POST", "/memory/demote", body=body, kind=dict)

    async def memory_delete(self, memory):
        return await self.json("DELETE", f"/memory/{part(memory)}", kind=dict)

    async def memory_audit(self, **query):
        return await self.json("GET", "/memory/audit", query, kind=MEMORY_AUDIT)

    # the rest of what this server has

    async def identity_get(self):
        return await self.json("GET", "/config/identity", kind=dict)

    async def identity_patch(self, patch):
        return await self.json("PATCH", "/config/identity", body=patch, kind=dict)

    async def skills_list(self):
        return await self.json("GET", "/skills", kind=SKILLS)

    async def resources_list(self, **query):
        return await self.json("GET", "/resource", query, kind=RESOURCES)

    async def resources_write(self, key, value, **more):
        return await self.json("PUT", "/resource", body={"key": key, "value": value} | more, kind=RESOURCE_WRITTEN)

    async def resources_get(self, key):
        return await self.json("GET", f"/resource/{part(key)}", kind=RESOURCE)

    async def resources_put_key(self, key, value):
        return await self.json("PUT", f"/resource/{part(key)}", body={"value": value}, kind=RESOURCE_WRITTEN)

    async def resources_patch_key(self, key, patch):
        return await self.json("PATCH", f"/resource/{part(key)}", body=patch, kind=RESOURCE_WRITTEN)

    async def resources_delete_key(self, key):
        return await self.json("DELETE", f"/resource/{part(key)}", kind=dict)


class SyncClient:
    """The same calls, each in an event loop of its own."""

    def __init__(self, port, token):
        self.inner = AsyncClient(port, token)

    def __getattr__(self, name):
        call = getattr(self.inner, name)
        return lambda *values, **more: asyncio.run(call(*values, **more))
