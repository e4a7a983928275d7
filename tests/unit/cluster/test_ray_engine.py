"""How workers that die, fail or come late are answered, with a Ray that is played."""

from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from warmstart import ClusterError
from warmstart.cluster.batch import Batch, NamedImage
from warmstart.cluster.job import Part
from warmstart.cluster.ray_engine import MOST_FAILURES, PARTS_EACH, RayEngine, worker_options
from warmstart.cluster.ray_worker import Answer
from warmstart.cluster.work import ImageWork, Probabilities


class RayError(Exception):
    """A worker is gone."""


class RayTaskError(RayError):
    """A worker has raised."""


class Method:
    """A method of an actor: what it is called with waits for its answer."""

    def __init__(self, ray: "Played", actor: int, name: str) -> None:
        self.ray, self.actor, self.name = ray, actor, name

    def remote(self, *arguments: Any) -> str:
        self.ray.calls.append((self.actor, self.name, arguments))
        return f"{self.actor} {self.name} {len(self.ray.calls)}"


class Played:
    """Ray as far as the engine knows it; ``answer`` decides what becomes of a call."""

    exceptions = SimpleNamespace(RayError=RayError, RayTaskError=RayTaskError)

    def __init__(self, answer: Callable[[int, str, tuple[Any, ...]], Any]) -> None:
        self.answer = answer
        self.calls: list[tuple[int, str, tuple[Any, ...]]] = []
        self.killed: list[int] = []
        self.started = 0

    def put(self, value: Any) -> Any:
        return value

    def nodes(self) -> list[dict[str, Any]]:
        return [{"Alive": True, "Resources": {"CPU": 4.0}}]

    def remote(self, _: type) -> Any:
        return SimpleNamespace(options=lambda **_: SimpleNamespace(remote=self._start))

    def _start(self, *_: Any) -> Any:
        self.started += 1
        number = self.started
        return SimpleNamespace(
            number=number, load=Method(self, number, "load"), commit=Method(self, number, "commit")
        )

    def kill(self, actor: Any) -> None:
        self.killed.append(actor.number)

    def wait(self, refs: list[str], **_: Any) -> tuple[list[str], list[str]]:
        ready = [ref for ref in refs if self._answer(ref) is not None]
        return ready[:1], refs

    def get(self, ref: str) -> Any:
        answer = self._answer(ref)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _answer(self, ref: str) -> Any:
        actor, name, number = ref.split()
        return self.answer(int(actor), name, self.calls[int(number) - 1][2])


def good(actor: int, name: str, arguments: tuple[Any, ...]) -> Any:
    return Answer() if name == "load" else Answer(f"{arguments[0]}-by-{actor}")


def engine_with(answer: Callable[..., Any], workers: int = 2) -> tuple[RayEngine, Played]:
    ray = Played(answer)
    return RayEngine(ray, ImageWork(Probabilities("nowhere")), "place", workers), ray


def parts_of(number: int) -> list[Part]:
    def batch(i: int) -> Batch:
        return [NamedImage(f"{i}.jpg", b"")]

    return [Part(f"t{i}", partial(batch, i), 1) for i in range(number)]


def done_by(engine: RayEngine, parts: list[Part]) -> dict[str, str]:
    todo, found = list(parts), dict[str, str]()
    while len(found) < len(parts):
        while todo and engine.has_room:
            engine.submit(todo.pop(0))
        ticket, name = engine.next_done()
        assert ticket not in found
        found[ticket] = name
    return found


def test_all_parts_are_done_once_and_workers_share_them() -> None:
    engine, ray = engine_with(good)
    found = done_by(engine, parts_of(9))
    assert sorted(found) == [f"t{i}" for i in range(9)]
    assert {name.rpartition("-")[2] for name in found.values()} == {"1", "2"}
    assert (ray.started, engine.num_deaths) == (2, 0)
    engine.close()
    assert sorted(ray.killed) == [1, 2]


def test_no_more_is_handed_out_than_workers_need() -> None:
    engine, ray = engine_with(good)
    for part in parts_of(2 * PARTS_EACH):
        assert engine.has_room
        engine.submit(part)
    assert not engine.has_room
    engine.next_done()
    assert sum(name == "commit" for _, name, _ in ray.calls) <= 2 * PARTS_EACH


def test_a_worker_that_never_comes_is_not_waited_for() -> None:
    def late(actor: int, name: str, arguments: tuple[Any, ...]) -> Any:
        return None if actor == 2 else good(actor, name, arguments)

    engine, _ = engine_with(late)
    assert len(done_by(engine, parts_of(5))) == 5


def test_a_worker_that_dies_is_replaced_and_its_parts_are_done_by_others() -> None:
    def dying(actor: int, name: str, arguments: tuple[Any, ...]) -> Any:
        is_first = actor == 1 and name == "commit"
        return RayError("killed") if is_first else good(actor, name, arguments)

    engine, ray = engine_with(dying)
    found = done_by(engine, parts_of(7))
    assert not any(name.endswith("-by-1") for name in found.values())
    assert (ray.started, ray.killed, engine.num_deaths) == (3, [1], 1)


def test_a_part_that_kills_every_worker_ends_the_job_and_is_named() -> None:
    def poison(actor: int, name: str, arguments: tuple[Any, ...]) -> Any:
        is_it = name == "commit" and arguments[0] == "t1"
        return RayError("out of memory") if is_it else good(actor, name, arguments)

    engine, ray = engine_with(poison, workers=1)
    with pytest.raises(ClusterError) as caught:
        done_by(engine, parts_of(3))
    assert "1.jpg" in caught.value.what
    assert "out of memory" in caught.value.what
    assert ray.started == MOST_FAILURES


def test_a_part_whose_shard_cannot_be_written_is_tried_again_by_the_same_worker() -> None:
    failed: list[str] = []

    def hiccup(actor: int, name: str, arguments: tuple[Any, ...]) -> Any:
        if name == "commit" and arguments[0] == "t1" and len(failed) < 2:
            return RayTaskError("slow down")
        return good(actor, name, arguments)

    engine, ray = engine_with(hiccup, workers=1)
    real = ray.get

    def get(ref: str) -> Any:
        try:
            return real(ref)
        except RayTaskError:
            failed.append(ref)
            raise

    ray.get = get  # type: ignore[method-assign]
    assert len(done_by(engine, parts_of(3))) == 3
    assert (len(failed), ray.started, engine.num_deaths) == (2, 1, 0)


def test_workers_that_cannot_load_end_the_job() -> None:
    engine, ray = engine_with(lambda *_: RayError("no such disk"), workers=2)
    engine.submit(parts_of(1)[0])
    with pytest.raises(ClusterError, match="while loading"):
        engine.next_done()
    assert ray.started <= MOST_FAILURES + 2


def test_what_no_worker_could_do_ends_the_job_in_its_words() -> None:
    refusal = Answer(refusal=("it is in another mode.", "the same one.", "do this."))
    engine, _ = engine_with(lambda *_: refusal)
    engine.submit(parts_of(1)[0])
    with pytest.raises(ClusterError) as caught:
        engine.next_done()
    assert caught.value.fix == "do this."


@pytest.mark.parametrize(
    ("workers", "cpus"), [(1, 4.0), (2, 4.0), (3, 3.0), (4, 2.0), (9, 1.0), (32, 0.28125)]
)
def test_workers_have_equal_shares_of_the_cores(workers: int, cpus: float) -> None:
    nodes = [{"Alive": True, "Resources": {"CPU": number}} for number in (4.0, 1.0, 4.0)]
    nodes += [{"Alive": False, "Resources": {"CPU": 64.0}}, {"Alive": True, "Resources": {}}]
    ray = SimpleNamespace(nodes=lambda: nodes)
    assert worker_options(ray, workers, has_gpu=False)["num_cpus"] == cpus
    with pytest.raises(ClusterError, match="no computer of the cluster has a GPU"):
        worker_options(ray, workers, has_gpu=True)
