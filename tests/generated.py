"""Programs made by chance, each with its truth by construction: ``python generated.py SEED METHOD`` prints one.

A plan is drawn first: processes with their threads, the objects that each was given, what each does to them, and what
each then waits for. The program's text and its truth are two readings of that plan. All meet in a folder, which is no
object to the eye, after what they do and before they wait: so where they stand in the end is known.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import strangers

SEED = "seed_"
"""What the names of these programs begin with."""
MADE = {
    "lock": "C.Lock()",
    "rlock": "C.RLock()",
    "semaphore": "C.Semaphore({value})",
    "bounded": "C.BoundedSemaphore({value})",
    "event": "C.Event()",
    "condition": "C.Condition()",
    "barrier": "C.Barrier({parties})",
    "queue": "C.Queue({maxsize})",
    "joinable-queue": "C.JoinableQueue({maxsize})",
    "simple-queue": "C.SimpleQueue()",
    "thread lock": "threading.Lock()",
    "thread event": "threading.Event()",
    "thread condition": "threading.Condition()",
    "thread semaphore": "threading.Semaphore(0)",
    "thread queue": "queue.Queue()",
    "shared-memory": "shared_memory.SharedMemory(create=True, size={value})",
    "value": "C.Value('i', 1)",
}
OF_MANAGER = ("manager lock", "manager event", "manager queue", "manager list")
MADE |= {f"manager {one.lower()}": f"manager.{one}()" for one in ("Lock", "Event", "Queue", "list")}
PIPES = {
    "bare pipe": "os.pipe()",
    "pipe": "C.Pipe(duplex=False)",
    "duplex": "C.Pipe()",
    "socketpair": "socket.socketpair()",
}
ONE_WAY = ("pipe", "bare pipe")
SHARED = [one for one in (*MADE, *PIPES, "file-lock") if not one.startswith("thread")]
OF_THREADS = [one for one in MADE if one.startswith("thread")]
LOOPS = 0.1
"""How often one waits in a loop of asyncio, for nothing that ever comes."""
STYLES = ("args", "kwargs", "dict", "list", "dataclass", "slots", "partial", "subclass", "method", "callable")
BY_FORK = ("closure", "global")
HIRED = ("pool", "executor", "idle")
PROGRAMS = ("sleep", "cat")
LEAVES = (*HIRED, *PROGRAMS)
"""How a process is made that has no children, and waits for nobody's end."""
LATE = ("executor", "pool", *PROGRAMS)
"""Made after the others, in this order: nothing is forked then that has their threads, or the input of a program."""
WAITS = ("call", "helper", "generator", "lambda", "comprehension", "try", "method", "recursion")

Handle = tuple["Thing", str]
"""A thing, and of a pipe which end."""


@dataclass(eq=False)
class Thing:
    """An object, and what becomes of it."""

    kind: str
    name: str
    value: int = 1
    maxsize: int = 0
    parties: int = 2
    items: int = 0
    holder: Actor | None = None
    used: set[str] = field(default_factory=set)

    def ends(self) -> list[Handle]:
        return [(self, "r"), (self, "w")] if self.kind in PIPES else [(self, "")]


@dataclass(eq=False)
class Actor:
    """A thread, the main one or another; ``wait`` is (thing or actor, how, the end of a pipe), None of who goes on."""

    name: str
    home: Home
    does: list[str] = field(default_factory=list)
    around: list[str] = field(default_factory=list)
    wait: tuple[Thing | Actor, str, str] | None = None
    timed: bool = False
    style: str = "call"
    hired: str = ""
    """By which pool of threads."""


@dataclass(eq=False)
class Home:
    """A process: whose child it is, what it was given and how."""

    name: str
    parent: Home | None
    style: str
    env: dict[Handle, str] = field(default_factory=dict)
    has: set[Handle] = field(default_factory=set)
    actors: list[Actor] = field(default_factory=list)
    children: list[Home] = field(default_factory=list)
    own: list[Thing] = field(default_factory=list)

    @property
    def main(self) -> Actor:
        return self.actors[0]


class Plan:
    """What is drawn for a seed, for one start method."""

    def __init__(self, seed: int, method: str) -> None:
        self.dice = random.Random(f"{seed} {method}")
        self.method = method
        self.calm = self.dice.choice((0, 0, 0, 0.15, 0.4))
        self.things = [self._thing(n, self.dice.choice(SHARED)) for n in range(self.dice.randint(1, 5))]
        if method != "fork":
            for thing in self.things:
                thing.kind = "pipe" if thing.kind == "bare pipe" else thing.kind
        self.managed = any(one.kind in OF_MANAGER for one in self.things)
        self.root = Home("root", None, self.dice.choice(("locals", "globals", "attributes", "dict", "list")))
        self._give(self.root, [end for one in self.things for end in one.ends()])
        self.homes = [self.root]
        for n in range(self.dice.randint(0, 4)):
            self._child(f"w{n}")
        for home in self.homes:
            home.actors.append(Actor(home.name, home))
            if home.style in ("idle", *PROGRAMS):
                continue
            for n in range(self.dice.choice((0, 0, 0, 1, 2))):
                hired = self.dice.choice(("", "", "ThreadPoolExecutor(1).submit", "ThreadPool(1).apply_async"))
                home.actors.append(Actor(f"{home.name}t{n}", home, hired=hired))
            for n in range(self.dice.choice((0, 0, 1)) * (len(home.actors) > 1 or self.dice.random() < 0.3)):
                home.own.append(one := self._thing(n, self.dice.choice(OF_THREADS), f"{home.name}x"))
                home.env[one, ""] = one.name
        self.actors = [actor for home in self.homes for actor in home.actors]
        self.clever = [one for one in self.actors if one.home.style not in PROGRAMS]
        self.meeting = [one for one in self.actors if one.home.style not in ("idle", *PROGRAMS)]
        self.clients: set[Home] = set()
        self.loop = Thing("loop", "loop")
        """Of asyncio: each who waits in one has its own."""
        self.gone = Actor("gone", Home("gone", None, "gone"))
        """Who took locks with it when it ended."""
        self.gone.home.actors.append(self.gone)
        self._prepare()
        for actor in self.meeting:
            self._wait(actor)
        for home in self.homes:
            if home.style in ("idle", "cat"):
                assert home.parent
                home.main.wait = home.parent.main, home.style, ""
        self._tidy()
        for thing in self.things:
            come = len(self.waiting(thing))
            thing.parties = come + self.dice.randint(1, 2)

    def _thing(self, n: int, kind: str, name: str = "o") -> Thing:
        value = self.dice.randint(0, 2)
        if kind == "shared-memory":
            value = self.dice.choice((8, 100, 4096, 10000))
        elif kind == "bounded":
            value = self.dice.randint(1, 2)
        return Thing(kind, f"{name}{n}", value, maxsize=self.dice.choice((0, 0, 1, 2)))

    def _child(self, name: str) -> None:
        parent = self.dice.choice((self.root, *(one for one in self.homes if one.style not in LEAVES)))
        child = Home(name, parent, self.dice.choice((*STYLES, "pool", "executor", *PROGRAMS)))
        if self.method == "fork" and self.dice.random() < 0.2:
            child.style = "closure" if self.root.style != "globals" or parent is not self.root else "global"
        mine = list(parent.env)
        some = mine if child.style in BY_FORK else [one for one in mine if self.dice.random() < 0.7]
        child.env = {}
        if child.style in PROGRAMS:
            pass
        elif child.style in BY_FORK:
            child.env = dict(parent.env)
            child.has = set(self.root.has)
        else:
            self._give(child, some)
        parent.children.append(child)
        self.homes.append(child)
        if child.style == "pool":
            for n in range(self.dice.randint(0, 2)):
                self.homes.append(Home(f"{name}i{n}", parent, "idle", dict(child.env), set(child.has)))

    def _give(self, home: Home, ends: list[Handle]) -> None:
        for n, end in enumerate(ends):
            name = end[0].name + end[1]
            home.env[end] = {
                "dict": f"things['{name}']",
                "list": f"things[{n}]",
                "dataclass": f"box.{name}",
                "slots": f"box.{name}",
                "attributes": f"self.{name}",
                "subclass": f"self.{name}",
                "method": f"self.{name}",
                "callable": f"self.{name}",
                "pool": f"{home.name}_{name}",
                "executor": f"{home.name}_{name}",
            }.get(home.style, name)
        home.has = set(self.root.has) if self.method == "fork" and home.parent else set(ends)

    # -- what is done before all meet

    def _prepare(self) -> None:
        for thing in [*self.things, *(one for home in self.homes for one in home.own)]:
            those = [one for one in self.meeting if (thing, "") in one.home.env]
            if not those:
                continue
            who = self.dice.choice(those)
            at = who.home.env[thing, ""]
            before = len(who.does) + len(who.around)
            match thing.kind:
                case "lock" | "rlock" | "thread lock" | "condition" | "thread condition" | "manager lock" if (
                    self.dice.random() < 0.7
                ):
                    if "condition" in thing.kind and self.dice.random() < 0.6:
                        continue
                    thing.holder = who
                    if thing.kind in ("lock", "rlock") and self.dice.random() < 0.15:
                        thing.holder = self.gone
                    elif self.dice.random() < 0.5:
                        who.around.append(f"with {at}:")
                    else:
                        who.does.append(f"{at}.acquire()")
                case "file-lock" if self.dice.random() < 0.7:
                    thing.holder = who
                    # A circle of fcntl(2) is an error, not a standstill.
                    several = sum(one.kind == "file-lock" for one in self.things) > 1
                    thing.used.add("flock" if several else self.dice.choice(("flock", "lockf")))
                    who.does += [
                        f"{who.name}_file_{thing.name} = open({at}, 'r+')",
                        _locks(thing, f"{who.name}_file_{thing.name}"),
                    ]
                case "semaphore" | "bounded":
                    for _ in range(self.dice.randint(0, thing.value)):
                        who.does.append(f"{at}.acquire()")
                        thing.items += 1
                        if thing.kind == "bounded" and thing.value == 1:
                            thing.holder = who  # at most one has it, as a lock
                case "event" | "thread event" | "manager event" if self.dice.random() < 0.2:
                    who.does.append(f"{at}.set()")
                    thing.items = 1
                case "manager list":
                    who.does.append(f"{at}.append(1)")
                case "queue" | "joinable-queue" | "simple-queue" if self.dice.random() < 0.4:
                    for _ in range(self.dice.randint(1, thing.maxsize or 2)):
                        who.does.append(f"{at}.put(1)")
                        thing.items += 1

            if thing.kind in OF_MANAGER and len(who.does) + len(who.around) > before:
                self.clients.add(who.home)

    # -- what each waits for in the end

    def _wait(self, actor: Actor) -> None:
        actor.style = self.dice.choice(WAITS)
        actor.timed = self.dice.random() < self.calm
        found = [*self._waits(actor)]
        if found and self.dice.random() >= self.calm / 2:
            actor.wait = self.dice.choice(found)
            thing, how, _ = actor.wait
            if isinstance(thing, Thing):
                thing.used.add(how)
            actor.timed = actor.timed and how not in ("simple", "file", "tasks", "write")

    def _waits(self, actor: Actor) -> Iterator[tuple[Thing | Actor, str, str]]:
        for thing, end in actor.home.env:
            match thing.kind:
                case "lock" | "thread lock" | "manager lock" if thing.holder:
                    yield thing, "acquire", ""
                case "rlock" if thing.holder and thing.holder is not actor:
                    yield thing, "acquire", ""
                case "file-lock" if thing.holder and thing.holder.home is not actor.home:
                    yield thing, "file", ""
                case "semaphore" | "bounded" if thing.items == thing.value:
                    yield thing, "acquire", ""
                case "thread semaphore":
                    yield thing, "acquire", ""
                case "event" | "thread event" | "manager event" if not thing.items:
                    yield thing, "wait", ""
                case "condition" | "thread condition" if thing.holder is not actor:
                    yield thing, "acquire" if thing.holder else "notified", ""
                case "barrier":
                    yield thing, "wait", ""
                case "queue" | "joinable-queue" | "simple-queue" | "thread queue" | "manager queue":
                    if not thing.items:
                        yield thing, "simple" if thing.kind == "simple-queue" else "get", ""
                    if thing.items and thing.items == thing.maxsize and "simple" not in thing.kind:
                        yield thing, "put", ""
                    if thing.items and thing.kind == "joinable-queue":
                        yield thing, "tasks", ""
                case "pipe" if end == "w" and "read" not in thing.used:
                    yield thing, "write", end
                case "pipe" | "bare pipe" | "duplex" | "socketpair" if end == "r" or thing.kind not in ONE_WAY:
                    if "write" not in thing.used:
                        yield thing, "read", end
        if self.dice.random() < LOOPS:
            yield self.loop, "loop", ""
        for other in actor.home.actors[1:]:
            if other is not actor and actor is actor.home.main:
                yield other, "thread", ""
        for child in actor.home.children:
            how = {"pool": "job", "executor": "job", "sleep": "program", "cat": "program"}.get(child.style, "join")
            yield child.main, how, ""
            yield child.main, how, ""

    def _tidy(self) -> None:
        """Some close what they do not use, while somebody else still has it."""
        for home in self.homes:
            tidy = self.dice.random() < 0.5
            used = {(actor.wait[0], actor.wait[2]) for actor in home.actors if actor.wait}
            if home.style == "idle":
                continue
            for end, at in home.env.items():
                if not tidy or not end[1] or end in used or end not in home.has:
                    continue
                if any(end in other.has for other in self.homes if other is not home):
                    home.has.discard(end)
                    home.main.does.append(f"os.close({at})" if end[0].kind == "bare pipe" else f"{at}.close()")

    # -- truth

    def waiting(self, thing: Thing | Actor, *how: str, end: str = "") -> list[Actor]:
        """Those who wait for it."""
        return [
            one
            for one in self.actors
            if one.wait and one.wait[0] is thing and (not how or one.wait[1] in how) and one.wait[2] == end
        ]

    def truth(self) -> strangers.Truth:
        """What must be told of the program."""
        sure, upper, named = self._saved(0), self._saved(1), self._saved(2)
        main = self.root.main
        right = (False,) if main in sure else (None, False, *((True,) if main not in named else ()))
        if main not in upper:
            right = (True,)
        lost = [home for home in self.homes if home.main not in sure]
        fits = self._fits([one for one in self.meeting if one not in sure])
        must = self._must() if right == (True,) else None
        return strangers.Truth(
            right[0],
            must,
            sorted(["manager"] * self.managed + [_role(home) for home in self.homes]),
            None if self._doubtful(sure, upper) else sorted(self._objects(upper)),
            sorted(self._waits_told()),
            False,
            self.method == "fork",
            right=right,
            inside=self._inside(),
            fits=tuple(fits) if lost else (),
            stands=bool(lost),
        )

    def _must(self) -> str | None:
        """The mistake that must be named: the program itself is in a circle of locks between processes."""
        path = [self.root.main]
        while (last := path[-1].wait) and isinstance(last[0], Thing) and last[0].kind in ("lock", "rlock"):
            holder = last[0].holder
            if holder is path[0]:
                return "M44" if len(path) == 1 else "M43"
            if holder is None or holder in path or holder is not holder.home.main:
                break
            path.append(holder)
        return None

    def _saved(self, level: int) -> set[Actor]:
        """Those who go on, 0: by those known to end their wait, 1: by all who could, 2: as Python's stacks say."""
        saved = {one for one in self.actors if not one.wait or one.timed}
        while True:
            more = {one for one in self.actors if one not in saved and saved.intersection(self._enders(one, level))}
            if not more:
                return saved
            saved |= more

    def _enders(self, actor: Actor, level: int) -> Iterable[Actor]:
        assert actor.wait
        thing, how, end = actor.wait
        own = self._crew(actor.home)
        if how in ("idle", "cat"):
            assert actor.home.parent
            return self.clever if level and how == "idle" and self.method == "fork" else actor.home.parent.actors
        if isinstance(thing, Actor):
            if how == "job" and level == 1:
                return [thing, *(one for one in self.actors if one.name.startswith(f"{thing.name}i")), *own]
            alone = how != "program" or len(self.waiting(thing, how)) == 1  # one of several asks the system
            return (
                [thing]
                if (how in ("join", "program", "job") and alone) or level == 2
                else [thing, *own]
                if level
                else []
            )
        if thing.kind in OF_MANAGER:
            if thing.holder and level == 2:
                return [thing.holder]
            found = (
                self.actors if level == 1 else self.clever if level else [] if thing.holder else self._with(thing, "")
            )
            return [one for one in found if one is not actor]
        if (holder := thing.holder) and how in ("acquire", "file") and not thing.kind.startswith("thread"):
            if holder is self.gone:
                return [one for one in self._with(thing, "") if level or one.home is not actor.home]
            if holder is actor:
                return self._with(thing, "") if level else []
            return self._crew(holder.home) if level else [holder]
        if thing.kind == "loop":
            return own if level else []
        if thing.kind.startswith("thread"):
            if thing.kind in ("thread lock", "thread condition") and thing.holder and level == 2:
                return [thing.holder]
            return own if level else []
        found = self._with(thing, {"r": "w", "w": "r"}.get(end, ""))
        if level:  # what a job brings home may call back
            found = [other for home in dict.fromkeys(one.home for one in found) for other in self._crew(home)]
        return [one for one in found if level or one.home is not actor.home]

    @staticmethod
    def _crew(home: Home) -> list[Actor]:
        """Its threads, and those by whose results the threads of its pools and executors go on."""
        return [*home.actors, *(child.main for child in home.children if child.style in HIRED)]

    def _with(self, thing: Thing, end: str) -> list[Actor]:
        return [one for one in self.actors if (thing, end) in one.home.has]

    def _doubtful(self, sure: set[Actor], upper: set[Actor]) -> bool:
        """Whether it may be told or not that whoever has a lock is gone, since somebody might yet let go of it."""
        those = [one for thing in self.things if thing.holder is self.gone for one in self.waiting(thing)]
        return any(one in upper and one not in sure for one in those)

    def _objects(self, upper: set[Actor]) -> Iterator[str]:
        for home in self.homes:
            if home.style == "pool":
                idle = sum(one.name.startswith(f"{home.name}i") for one in self.homes)
                yield f"pool: {idle + 1} worker{'s' if idle else ''}, 1 job not finished"
            elif home.style == "executor":
                yield "executor: 1 worker, 1 task not finished"
            elif home.style == "cat":
                yield "pipe: empty"
        for one in self.meeting:
            if one.hired:
                yield "executor: 1 thread" if "submit" in one.hired else "pool: 1 thread"
        if self.managed:
            clients = self.clients | {one.home for one in self.meeting if _asks_manager(one)}
            yield f"manager: {len(clients) or 'no'} client{'' if len(clients) == 1 else 's'}"
        arena = False
        for thing in self.things:
            kind, got = thing.kind, len(self.waiting(thing))
            more = f", {got} waiting" if got else ""
            match kind:
                case "lock" | "rlock":
                    lost = thing.holder is self.gone and any(one not in upper for one in self.waiting(thing))
                    state = "held by nobody who is alive" if lost else "held" if thing.holder else "free"
                    yield f"{kind}: {state}{more}"
                case "semaphore" | "bounded":
                    yield f"semaphore: value {thing.value - thing.items}{more}"
                case "event":
                    yield f"event: {'set' if thing.items else 'not set'}{more}"
                case "condition":
                    wanted, told = len(self.waiting(thing, "acquire")), len(self.waiting(thing, "notified"))
                    yield (
                        f"condition: its lock is {'held' if thing.holder else 'free'}"
                        + (f", {wanted} waiting for it" if wanted else "")
                        + (f", {told} waiting to be notified" if told else "")
                    )
                case "barrier":
                    yield f"barrier: {got} of {thing.parties} waiting at it"
                case "queue" | "joinable-queue":
                    yield self._queue(thing)
                case "manager lock" | "manager event" | "manager queue" | "manager list":
                    pass
                case "simple-queue":
                    state = f"{9 * thing.items} bytes in its pipe" if thing.items else "empty"
                    yield f"{kind}: {state}{_many(got, 'waiting reader')}"
                case "pipe" | "bare pipe":
                    yield f"pipe: {'many bytes in it' if 'write' in thing.used else 'empty'}"
                case "duplex" | "socketpair":
                    yield from ["socket: nothing to be read"] * 2
                case "file-lock" if thing.holder:
                    yield f"file-lock: locked{more}"
                case "shared-memory":
                    yield f"shared-memory: {thing.value} bytes"
                case "value":
                    arena = True
                    yield "rlock: free, the lock of a Value"
        if arena and all(one.kind != "barrier" for one in self.things):  # else it is a part of that
            yield "arena: 4096 bytes"

    def _queue(self, thing: Thing) -> str:
        room = f" of {thing.maxsize}" if thing.maxsize else ""
        sent = f", {9 * thing.items} bytes in its pipe" if thing.items else ""
        left = f", {thing.items} not done" if thing.kind == "joinable-queue" and thing.items else ""
        if thing.kind == "joinable-queue" and not thing.items:
            left = ", 0 not done"
        joins = len(self.waiting(thing, "tasks"))
        return (
            f"{thing.kind}: {thing.items} item{'' if thing.items == 1 else 's'}{room}{sent}{left}"
            + _many(len(self.waiting(thing, "get")), "waiting reader")
            + _many(len(self.waiting(thing, "put")), "waiting writer")
            + (f", {joins} waiting until all is done" if joins else "")
        )

    def _waits_told(self) -> Iterator[str]:
        for home in self.homes:
            if home.style == "cat":
                assert home.parent
                yield f"program: pipe of {_called(home.parent)}"
            if home.style not in HIRED:
                yield from self._wait_told(home.main)

    def _wait_told(self, actor: Actor) -> Iterator[str]:
        home = actor.home
        if actor.wait is not None and isinstance(actor.wait[0], Thing):
            thing, _, end = actor.wait
            kind = {"bounded": "semaphore", "duplex": "socket", "socketpair": "socket", "bare pipe": "pipe"}.get(
                thing.kind, thing.kind
            )
            if kind in OF_MANAGER:
                yield f"{home.name}: socket of SyncManager-1"
                return
            if kind.startswith("thread"):
                return
            if kind == "loop":
                yield f"{home.name}: socket"
                return
            of: set[Home] = set()
            if thing.holder and kind != "condition":
                of = {thing.holder.home} - {self.gone.home}
            elif kind in ("semaphore", "pipe", "socket"):
                of = {one.home for one in self._with(thing, {"r": "w", "w": "r"}.get(end, ""))}
            of -= {home}
            yield f"{home.name}: {kind}" + (f" of {_called(of.pop())}" if len(of) == 1 else "")

    def _inside(self) -> list[str] | None:
        """What threads wait for; those by which the library brings results home wait for more than is in the plan."""
        if any(home.style in HIRED for home in self.homes) or any("apply" in one.hired for one in self.actors):
            return None
        those = [one for one in self.actors if one is not one.home.main]
        return sorted(told for one in those for told in self._wait_told(one))

    def _fits(self, lost: list[Actor]) -> set[str]:
        """The mistakes that may be named: those that somebody made who stands still."""
        found = set()
        for one in lost:
            assert one.wait
            thing, how, end = one.wait
            if isinstance(thing, Actor):
                continue
            opposite = {"r": "w", "w": "r"}.get(end, "")
            if how == "wait" and thing.kind == "barrier":
                found.add("M46")
            elif how in ("get", "simple"):
                found |= {"M22", "M23"}
            elif how == "put":
                found.add("M28")
            elif how == "write":
                found.add("M21")
            elif how == "tasks":
                found.add("M24")
            elif how == "read":
                if (thing, opposite) in one.home.has:
                    found.add("M56")
                if len(self.waiting(thing, end=opposite)) + len(self.waiting(thing, end=end)) > 1:
                    found.add("M55")
            elif thing.holder:
                if thing.holder is one:
                    found.add("M44")
                if self._round(one, lost):
                    found.add("M43")
        return found

    def _round(self, one: Actor, lost: list[Actor]) -> bool:
        """Whether locks go round from this one's process to itself: those of fcntl(2) belong to a whole process."""
        seen: set[Home] = set()
        more = {one}
        while more:
            held = {actor.wait[0].holder for actor in more if actor.wait and isinstance(actor.wait[0], Thing)}
            homes = {holder.home for holder in held if holder} - seen
            seen |= homes
            more = {actor for actor in lost if actor.home in homes}
        return one.home in seen

    # -- text

    def text(self) -> str:
        """The program."""
        out = [_HEAD.format(method=self.method, many=len(self.meeting))]
        for home in self.homes:
            out += self._classes(home)
        for home in self.homes:
            if home.style not in ("closure", "idle", *PROGRAMS):
                out += self._function(home)
        out.append("if __name__ == '__main__':\n    start()\n")
        return "\n".join(out)

    def _classes(self, home: Home) -> Iterator[str]:
        names = [thing.name + end for thing, end in home.env if thing not in home.own]
        if home.style == "dataclass":
            yield from ("@dataclass", f"class Box_{home.name}:", *(f"    {one}: object" for one in names), "    pass\n")
        elif home.style == "slots":
            slots = "".join(f"'{one}', " for one in names)
            yield from (f"class Box_{home.name}:", f"    __slots__ = ({slots})", *_init(names, ""))

    def _function(self, home: Home) -> Iterator[str]:
        names = [thing.name + end for thing, end in home.env if thing not in home.own]
        match home.style if home.parent else f"root by {home.style}":
            case "root by attributes":
                yield from ("class App:", "    def run(self):")
                body = [f"    {line}" for line in (*self._made(home), *self._body(home))]
            case "subclass":
                yield from (
                    f"class Work_{home.name}(C.Process):",
                    *_init(names, f"super().__init__(name='{home.name}')"),
                )
                yield "    def run(self):"
                body = [f"    {line}" for line in self._body(home)]
            case "method" | "callable":
                yield from (f"class Work_{home.name}:", *_init(names, ""))
                yield f"    def {'work' if home.style == 'method' else '__call__'}(self):"
                body = [f"    {line}" for line in self._body(home)]
            case style if style.startswith("root"):
                yield "def start():"
                body = [*self._made(home), *self._body(home)]
            case "pool" | "executor":
                mine = ", ".join(home.env[end] for end in home.env if end[0] not in home.own)
                yield f"def give_{home.name}(*given):"
                if mine:
                    yield from (f"    global {mine}", f"    {mine}, = given")
                yield from ("    pass\n\n", f"def work_{home.name}():")
                body = [*self._body(home)]
            case _:
                given = {"dict": "things", "list": "things", "dataclass": "box", "slots": "box"}
                named = "" if home.style in BY_FORK else given.get(home.style, ", ".join(names))
                yield f"def work_{home.name}({named}):"
                body = [*self._body(home)]
        yield from (f"    {line}" for line in body)
        if home.style == "attributes":
            yield "\n\ndef start():\n    App().run()"
        yield "\n"

    def _made(self, home: Home) -> Iterator[str]:
        if home.style == "globals" and home.env:
            names = [thing.name + end for thing, end in home.env if thing not in home.own]
            yield f"global {', '.join(names)}"
        if home.style == "dict":
            yield "things = {}"
        elif home.style == "list":
            yield f"things = [None] * {len(home.env)}"
        if self.managed:
            yield "manager = C.Manager()"
        for thing in self.things:
            ends = ", ".join(home.env[end] for end in thing.ends())
            if thing.kind == "file-lock":
                yield f"{ends} = lockfile('{thing.name}')"
            elif thing.kind in PIPES:
                yield f"{ends} = {PIPES[thing.kind]}"
            else:
                values = {"value": thing.value, "maxsize": thing.maxsize, "parties": thing.parties}
                yield f"{ends} = {MADE[thing.kind].format(**values)}"
            if thing.holder is self.gone:
                yield f"gone = C.Process(target=leave, args=({ends},))"
                yield from ("gone.start()", "gone.join()")

    def _body(self, home: Home) -> Iterator[str]:
        for thing in home.own:
            yield f"{thing.name} = {MADE[thing.kind]}"
        for child in sorted(home.children, key=lambda one: LATE.index(one.style) if one.style in LATE else -1):
            if child.style == "closure":
                yield from self._function(child)
            if child.style in LEAVES:
                yield from self._gang(child, home)
                continue
            yield f"{child.name} = {self._hired(child, home)}"
            yield f"{child.name}.start()"
        for actor in home.actors[1:]:
            yield from (f"def {actor.name}():", *(f"    {line}" for line in self._acts(actor)))
            if actor.hired:
                pool, submit = actor.hired.split(".")
                yield f"{actor.name}_pool = {'futures' if 'Executor' in pool else 'mp.pool'}.{pool}"
                yield f"{actor.name}_thread = {actor.name}_pool.{submit}({actor.name})"
                continue
            yield f"{actor.name}_thread = threading.Thread(target={actor.name}, name='{actor.name}', daemon=True)"
            yield f"{actor.name}_thread.start()"
        yield from self._acts(home.main)

    def _gang(self, child: Home, parent: Home) -> Iterator[str]:
        exprs = "".join(f"{parent.env[end]}, " for end in child.env if end[0] not in child.own)
        match child.style:
            case "pool":
                many = 1 + sum(one.name.startswith(f"{child.name}i") for one in self.homes)
                yield f"{child.name}_pool = C.Pool({many}, give_{child.name}, ({exprs}))"
                yield f"{child.name} = {child.name}_pool.apply_async(work_{child.name})"
            case "executor":
                yield f"{child.name}_pool = futures.ProcessPoolExecutor(1, C, give_{child.name}, ({exprs}))"
                yield f"{child.name} = {child.name}_pool.submit(work_{child.name})"
            case "sleep":
                yield f"{child.name} = subprocess.Popen(['sleep', '600'])"
            case "cat":
                yield f"{child.name} = subprocess.Popen(['cat'], stdin=subprocess.PIPE)"

    def _hired(self, child: Home, parent: Home) -> str:
        pairs = [(thing.name + end, parent.env[thing, end]) for thing, end in child.env if thing not in child.own]
        exprs = "".join(f"{at}, " for _, at in pairs)
        named = f"name='{child.name}'"
        match child.style:
            case "args":
                return f"C.Process(target=work_{child.name}, args=({exprs}), {named})"
            case "kwargs":
                given = ", ".join(f"{name}={at}" for name, at in pairs)
                return f"C.Process(target=work_{child.name}, kwargs=dict({given}), {named})"
            case "dict":
                given = ", ".join(f"{name}={at}" for name, at in pairs)
                return f"C.Process(target=work_{child.name}, args=(dict({given}),), {named})"
            case "list":
                return f"C.Process(target=work_{child.name}, args=([{exprs}],), {named})"
            case "dataclass" | "slots":
                return f"C.Process(target=work_{child.name}, args=(Box_{child.name}({exprs}),), {named})"
            case "partial":
                return f"C.Process(target=functools.partial(work_{child.name}, {exprs}), {named})"
            case "subclass":
                return f"Work_{child.name}({exprs})"
            case "method":
                return f"C.Process(target=Work_{child.name}({exprs}).work, {named})"
            case "callable":
                return f"C.Process(target=Work_{child.name}({exprs}), {named})"
        return f"C.Process(target=work_{child.name}, {named})"

    def _acts(self, actor: Actor) -> Iterator[str]:
        yield from actor.does
        deep = ""
        for one in actor.around:
            yield deep + one
            deep += "    "
        for line in (f"meet('{actor.name}')", *self._last(actor)):
            yield deep + line

    def _last(self, actor: Actor) -> Iterator[str]:
        if actor.wait is None:
            yield "time.sleep(600)"
            return
        thing, how, end = actor.wait
        if isinstance(thing, Actor):
            at = f"{thing.name}_thread" if how == "thread" else thing.name
            call = {"program": "wait"}.get(how, "join")
            if how == "thread" and thing.hired:
                call = "get" if "apply" in thing.hired else "result"
            elif how == "job":
                call = "get" if thing.home.style == "pool" else "result"
            choice = f"{at}.{call}", ("500" if actor.timed else "")
            if how == "join" and actor.style in ("lambda", "try"):
                yield f"connection.wait([{at}.sentinel]{', 500' if actor.timed else ''})"
                return
        elif thing is self.loop:
            yield f"asyncio.run({'asyncio.sleep(600)' if actor.timed else 'forever()'})"
            return
        else:
            at = actor.home.env[thing, end]
            if how == "file":
                yield from (f"{actor.name}_f = open({at}, 'r+')", _locks(thing, f"{actor.name}_f"))
                return
            if how == "notified":
                again = "wait_for(lambda: False" if actor.style in ("lambda", "try", "method") else "wait("
                comma = ", " if again.endswith("False") else ""
                yield from (f"with {at}:", f"    {at}.{again}{comma + '500' if actor.timed else ''})")
                return
            if how == "acquire" and actor.style in ("try", "comprehension") and not actor.timed:
                yield from (f"with {at}:", "    pass")
                return
            if how == "write":
                yield f"{at}.send_bytes(bytes(1_000_000))"
                return
            if how == "read":
                yield self._read(thing, at, actor)
                return
            if how == "get" and actor.style == "lambda" and not actor.timed:
                yield from (f"for _ in iter({at}.get, None):", "    pass")
                return
            call = {"simple": "get", "tasks": "join"}.get(how, how)
            given = "1" if how == "put" else ""
            late = "" if not actor.timed else "500" if how == "wait" else "timeout=500"
            choice = f"{at}.{call}", ", ".join(one for one in (given, late) if one)
        yield _STYLED[actor.style](*choice)

    def _read(self, thing: Thing, at: str, actor: Actor) -> str:
        late = actor.timed
        if thing.kind == "socketpair":
            # a time-out of its own would make it non-blocking for all who share it
            if late or actor.style in ("lambda", "try"):
                return f"select.select([{at}], [], []{', 500' if late else ''})"
            return f"{at}.recv(1)"
        if thing.kind == "bare pipe":
            if late or actor.style in ("lambda", "try"):
                return f"select.select([{at}], [], []{', 500' if late else ''})"
            return f"os.read({at}, 1)"
        if actor.style in ("lambda", "try"):
            return f"connection.wait([{at}]{', 500' if late else ''})"
        if late or actor.style == "generator":
            return f"{at}.poll({500 if late else None})"
        return f"{at}.recv()"


def _asks_manager(actor: Actor) -> bool:
    return actor.wait is not None and isinstance(actor.wait[0], Thing) and actor.wait[0].kind in OF_MANAGER


def _role(home: Home) -> str:
    return "root" if home.parent is None else "program" if home.style in PROGRAMS else "worker"


def _called(home: Home) -> str:
    """Those who are hired have no name of their own."""
    return {"sleep": "program", "cat": "program"}.get(home.style, "hired" if home.style in HIRED else home.name)


def _init(names: list[str], first: str) -> Iterator[str]:
    yield f"    def __init__(self{''.join(f', {one}' for one in names)}):"
    yield f"        {first or 'pass'}"
    yield from (f"        self.{one} = {one}" for one in names)
    yield ""


def _locks(thing: Thing, file: str) -> str:
    return f"fcntl.{'lockf' if 'lockf' in thing.used else 'flock'}({file}, fcntl.LOCK_EX)"


def _many(number: int, noun: str) -> str:
    return f", {number} {noun}{'' if number == 1 else 's'}" if number else ""


_STYLED = {
    "call": lambda f, a: f"{f}({a})",
    "try": lambda f, a: f"{f}({a})",
    "helper": lambda f, a: f"call({f}{', ' if a else ''}{a})",
    "generator": lambda f, a: f"next(lazily({f}{', ' if a else ''}{a}))",
    "lambda": lambda f, a: f"(lambda: {f}({a}))()",
    "comprehension": lambda f, a: f"[one({a}) for one in [{f}]]",
    "method": lambda f, a: f"Caller({f}).go({a})",
    "recursion": lambda f, a: f"deep(3, {f}{', ' if a else ''}{a})",
}

_HEAD = """\
import asyncio
import concurrent.futures as futures
import fcntl
import functools
import multiprocessing as mp
import multiprocessing.pool
import os
import queue
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from multiprocessing import connection, shared_memory

C = mp.get_context("{method}")
HERE = __file__ + ".d"


def meet(name):
    open(f"{{HERE}}/{{name}}", "x").close()
    while len(os.listdir(HERE)) < {many}:
        time.sleep(0.02)


def leave(lock):
    lock.acquire()
    os._exit(0)


async def forever():
    await asyncio.Event().wait()


def lockfile(name):
    open(f"{{HERE}}.{{name}}", "w").close()
    return f"{{HERE}}.{{name}}"


def call(f, *args, **more):
    return f(*args, **more)


def lazily(f, *args, **more):
    yield f(*args, **more)


def deep(n, f, *args, **more):
    return deep(n - 1, f, *args, **more) if n else f(*args, **more)


class Caller:
    def __init__(self, f):
        self.f = f

    def go(self, *args, **more):
        return self.f(*args, **more)


if __name__ == "__main__":
    signal.alarm(300)
    print(os.getpid(), flush=True)

"""


def write(seed: int, method: str, folder: Path) -> str:
    """Makes the program of this seed a stranger, under the name that is returned."""
    plan = Plan(seed, method)
    name = f"{SEED}{seed}"
    file = folder / f"{name}_{method}.py"
    file.write_text(plan.text(), encoding="utf-8")
    Path(f"{file}.d").mkdir()
    truth = plan.truth()
    strangers.TRUTH[name] = strangers.Truth(**{**truth.__dict__, "file": str(file)})
    return name


if __name__ == "__main__":
    plan_ = Plan(int(sys.argv[1]), sys.argv[2])
    print(plan_.text())
    print("#", plan_.truth())
