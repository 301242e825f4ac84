"""The story as the Python client tells it: asyncio, threaded, and with MessagePack.

    story.py CLIENT TRANSPORT URL

CLIENT is asyncio, threaded or msgpack; TRANSPORT polling, websocket or upgrade. URL leads through a proxy, which cuts all
connections when this program writes the line {"cut": true}, and lets none in until {"cut": false}. A line is written for
each step: {"step", "result"}, where the result is "yes", "no: why the client cannot" or, where it failed, "failed: ...".
"""

import asyncio
import itertools
import json
import os
import sys
import time

import engineio.payload
import socketio

# By itself the client closes when more than 16 packets come with one poll.
engineio.payload.Payload.max_decode_packets = 500
PATIENCE = 10
BYTES = bytes([0, 1, 2, 253, 254, 255])
VALUES = (
    None, True, False, 0, -7, 1.5, 2**53 - 1, "", "späte €uro 😀", "\u2028\u2029\\n\n\"",
    [], {}, [[[1]]], {"a": {"b": [{}, None]}},
)
EVENTS = 100
LARGE = 300_000
CROWD = 20

numbers = itertools.count()


def say(line):
    print(json.dumps(line, ensure_ascii=False), flush=True)


def new_room():
    return f"room {os.getpid()} {next(numbers)}"


class Client:
    """One client of either kind; what the server sends waits in a queue for each namespace and event."""

    def __init__(self, kind, transport, url, **options):
        self.url = url
        self.transports = ["polling", "websocket"] if transport == "upgrade" else [transport]
        self.loop = asyncio.get_running_loop()
        self.queues = {}
        self.is_async = kind != "threaded"
        make = socketio.AsyncClient if self.is_async else socketio.Client
        options = {"reconnection": False, **options}
        if not self.is_async:
            options["handle_sigint"] = False
        if kind == "msgpack":
            options["serializer"] = "msgpack"
        self.sio = make(**options)
        for namespace in ["/", "/custom", "/closed", "/nobody"]:
            for event in ["connect", "disconnect", "connect_error", "auth", "echo", "answered", "told"]:
                self.sio.on(event, self.keeper(namespace, event), namespace=namespace)
        # What a handler returns is the answer.
        self.sio.on("question", lambda text, data: (text + "!", data))

    def keeper(self, namespace, event):
        def keep(*args):
            self.loop.call_soon_threadsafe(self.queue(event, namespace).put_nowait, args)

        return keep

    def queue(self, event, namespace="/"):
        return self.queues.setdefault((namespace, event), asyncio.Queue())

    async def next(self, event, namespace="/"):
        return await asyncio.wait_for(self.queue(event, namespace).get(), PATIENCE)

    async def do(self, method, *args, **options):
        """Calls a method of the client, which blocks where it is the threaded one."""
        call = getattr(self.sio, method)
        if self.is_async:
            return await call(*args, **options)
        return await asyncio.to_thread(call, *args, **options)

    async def connect(self, namespaces=("/",), auth=None):
        await self.do(
            "connect", self.url, auth=auth, transports=self.transports, namespaces=list(namespaces), wait_timeout=PATIENCE
        )
        # By then the client has upgraded.
        assert self.sio.transport() == self.transports[-1], self.sio.transport()
        return self

    async def call(self, event, *args, **options):
        return await self.do("call", event, args, timeout=PATIENCE, **options)

    async def echo(self, *args, **options):
        await self.do("emit", "echo", args, **options)
        return await self.next("echo", options.get("namespace", "/"))

    async def close(self):
        await self.do("disconnect")


class Story:
    """The steps, in order; each has clients of its own."""

    def __init__(self, kind, transport, url):
        self.given = (kind, transport, url)
        self.open = []

    def new(self, **options):
        client = Client(*self.given, **options)
        self.open.append(client)
        return client

    async def connect(self):
        auth = {"token": "a b&c=ü", "x": "1", "list": [1, None, {"deep": True}]}
        client = await self.new().connect(auth=auth)
        equal(await client.next("auth"), (auth,))
        equal(await client.call("id"), client.sio.get_sid("/"))

    async def events(self):
        client = await self.new().connect()
        equal(await client.echo(*VALUES), VALUES)
        for n in range(EVENTS):
            await client.do("emit", "echo", n)
        got = [(await client.next("echo"))[0] for _ in range(EVENTS)]
        # The threaded client handles each message in a thread of its own.
        equal(got if client.is_async else sorted(got), list(range(EVENTS)))

    async def binary(self):
        client = await self.new().connect()
        nested = {"deep": [BYTES, "x", b""]}
        equal(await client.echo(BYTES, nested), (BYTES, nested))

    async def asks(self):
        client = await self.new().connect()
        equal(tuple(await client.call("answer", "x", BYTES)), ("x", BYTES))

    async def answers(self):
        client = await self.new().connect()
        await client.do("emit", "ask", ("why", BYTES))
        equal(await client.next("answered"), ("why!", BYTES))

    async def namespaces(self):
        client = await self.new().connect(["/", "/custom"])
        equal(await client.echo(1, namespace="/custom"), (1,))
        await client.next("auth", "/custom")
        assert client.sio.get_sid("/") != client.sio.get_sid("/custom")
        await client.do("emit", "go", namespace="/custom")
        await client.next("disconnect", "/custom")
        equal(await client.echo(2), (2,))

    async def rooms(self):
        inside, outside = await self.new().connect(), await self.new().connect()
        room = new_room()
        await inside.call("join", room)
        await outside.call("tell", room, "first")
        equal(await inside.next("told"), ("first",))
        await inside.call("leave", room)
        await outside.call("tell", room, "second")
        await inside.echo("end")
        await outside.echo("end")
        assert inside.queue("told").empty() and outside.queue("told").empty()

    async def refusal(self):
        data = {"message": "not today", "data": {"after": [8, 1.5]}}
        for namespace, told in [("/closed", data), ("/nobody", {"message": "Invalid namespace"})]:
            client = self.new()
            try:
                await client.connect([namespace])
                raise AssertionError("it was let in")
            except socketio.exceptions.ConnectionError:
                equal(await client.next("connect_error", namespace), (told,))

    async def disconnect(self):
        leaver, watcher = await self.new().connect(), await self.new().connect()
        room = new_room()
        await leaver.call("join", room)
        equal(await watcher.call("members", room), 1)
        await leaver.close()
        equal(await leaver.next("disconnect"), ("client disconnect",))
        await until_gone(watcher, room)
        for request in ["go", "end"]:
            client = await self.new().connect()
            await client.do("emit", request)
            equal(await client.next("disconnect"), ("server disconnect",))

    async def reconnect(self):
        client = await self.new(reconnection=True, reconnection_delay=0.05, randomization_factor=0).connect()
        await client.next("connect")
        before = client.sio.get_sid("/")
        say({"cut": True})
        await client.next("disconnect")
        say({"cut": False})
        await client.next("connect")
        assert client.sio.get_sid("/") != before
        equal(await client.echo("back", BYTES), ("back", BYTES))

    async def recovery(self):
        return "-"

    async def large(self):
        client = await self.new().connect()
        # The client writes this letter in six bytes, and must keep below the limit of a megabyte.
        sent = ("ä" * (LARGE // 6), b"\x07" * LARGE)
        assert await client.echo(*sent) == sent

    async def crowd(self):
        crowd = await asyncio.gather(*(self.new().connect() for _ in range(CROWD)))
        room = new_room()
        await asyncio.gather(*(client.call("join", room) for client in crowd))
        await crowd[0].call("tell", room, "all")
        for client in crowd:
            equal(await client.next("told"), ("all",))

    async def close(self):
        await asyncio.gather(*(client.close() for client in self.open), return_exceptions=True)
        self.open.clear()


async def until_gone(watcher, room):
    end = time.monotonic() + PATIENCE
    while await watcher.call("members", room):
        assert time.monotonic() < end, "the server did not see it go"


def equal(got, expected):
    assert got == expected, f"{got!r} instead of {expected!r}"


async def main(kind, transport, url):
    story = Story(kind, transport, url)
    for step in [
        "connect", "events", "binary", "asks", "answers", "namespaces", "rooms", "refusal", "disconnect", "reconnect",
        "recovery", "large", "crowd",
    ]:
        try:
            result = await getattr(story, step)() or "yes"
        except Exception as error:
            result = f"failed: {type(error).__name__}: {error}"
        say({"step": step, "result": result})
        await story.close()


asyncio.run(main(*sys.argv[1:]))
