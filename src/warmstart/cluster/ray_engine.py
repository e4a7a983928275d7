"""Parts computed by Ray's actors, each of which holds the network, compiled once.

Everything that can go wrong is answered here: a worker that dies is replaced and its parts are
given to whoever is free; one that joins late takes part from then on. Ray Data was weighed and
left, see docs/decisions/0042.
"""

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

from warmstart.cluster.job import Part
from warmstart.cluster.ray_session import last_line
from warmstart.cluster.ray_worker import Answer, RayWorker
from warmstart.cluster.work import ImageWork
from warmstart.errors import ClusterError

PARTS_EACH = 2  # that a worker has at hand: one is computed while the next is on its way
MOST_FAILURES = 5  # over one part, or of workers before they are ready
POLL_SECONDS = 1.0


@dataclass(eq=False)
class Worker:
    """An actor, and the parts that it has been given."""

    actor: Any
    is_ready: bool = False
    parts: dict[Any, Part] = field(default_factory=dict)  # by Ray's reference


class RayEngine:
    """Some workers that compute and commit parts."""

    def __init__(
        self, ray: Any, work: ImageWork, place: str, num_workers: int, *, has_gpu: bool = False
    ) -> None:
        """Start the workers; none of them is waited for.

        Args:
            ray: Ray, connected.
            work: What they compute.
            place: The folder of shards, as they see it: a path or a URL.
            num_workers: How many.
            has_gpu: Whether each takes a GPU.
        """
        self._ray, self._place, self.num_workers = ray, place, num_workers
        self._has_gpu, self._work = has_gpu, ray.put(work)
        self._waiting: deque[Part] = deque()
        self._workers: list[Worker] = []
        self._openings: dict[Any, Worker] = {}
        self._failures: Counter[str] = Counter()
        self._unready_failures = 0
        self.num_deaths = 0
        for _ in range(num_workers):
            self._start()

    @property
    def has_room(self) -> bool:
        """Whether some worker will have nothing to do soon."""
        given = sum(len(worker.parts) for worker in self._workers)
        return given + len(self._waiting) < self.num_workers * PARTS_EACH

    def submit(self, part: Part) -> None:
        """Take a part."""
        self._waiting.append(part)
        self._hand_out()

    def next_done(self) -> tuple[str, str]:
        """Wait until some part is done: its ticket, and the name of its shard."""
        while True:
            self._hand_out()
            given = {ref: worker for worker in self._workers for ref in worker.parts}
            ready, _ = self._ray.wait(
                [*self._openings, *given], num_returns=1, timeout=POLL_SECONDS
            )
            for ref in ready:
                if ref in self._openings:
                    self._opened(self._openings.pop(ref), ref)
                    continue
                done = self._done(given[ref], ref)
                if done is not None:
                    return done

    def close(self) -> None:
        """End the workers; on a cluster of somebody else's they would stay for as long as Ray."""
        for worker in self._workers:
            self._ray.kill(worker.actor)
        self._workers, self._openings = [], {}

    def _start(self) -> None:
        options = worker_options(self._ray, self.num_workers, has_gpu=self._has_gpu)
        cores = max(1, int(options["num_cpus"]))
        kind = self._ray.remote(RayWorker).options(**options)
        worker = Worker(kind.remote(self._work, self._place, cores))
        self._workers.append(worker)
        self._openings[worker.actor.load.remote()] = worker

    def _hand_out(self) -> None:
        """Give waiting parts to workers that are ready, the idlest first."""
        while self._waiting:
            free = [w for w in self._workers if w.is_ready and len(w.parts) < PARTS_EACH]
            if not free:
                return
            worker = min(free, key=lambda one: len(one.parts))
            part = self._waiting.popleft()
            reference = worker.actor.commit.remote(part.ticket, list(part.batch()))
            worker.parts[reference] = part

    def _opened(self, worker: Worker, ref: Any) -> None:
        answer = self._answer(worker, ref)
        if answer is not None:
            worker.is_ready, self._unready_failures = True, 0

    def _done(self, worker: Worker, ref: Any) -> tuple[str, str] | None:
        answer = self._answer(worker, ref)
        if answer is None:
            return None
        part = worker.parts.pop(ref)
        self._failures.pop(part.ticket, None)
        return part.ticket, answer.name

    def _answer(self, worker: Worker, ref: Any) -> Answer | None:
        """What a worker says; None where it said nothing: its parts are tried again.

        Raises:
            ClusterError: it says that nobody could do it, or nobody can time and again.
        """
        errors = self._ray.exceptions
        try:
            answer: Answer = self._ray.get(ref)
        except errors.RayTaskError as error:  # such as a store that does not answer
            self._try_again(worker, [worker.parts.pop(ref)] if ref in worker.parts else [], error)
            if not worker.is_ready:
                self._replace(worker)
            return None
        except errors.RayError as error:
            self.num_deaths += 1
            parts, worker.parts = list(worker.parts.values()), {}
            self._try_again(worker, parts, error)
            self._replace(worker)
            return None
        if answer.refusal is not None:
            what, expected, fix = answer.refusal
            raise ClusterError(what, expected=expected, fix=fix)
        return answer

    def _try_again(self, worker: Worker, parts: list[Part], error: Exception) -> None:
        """Have parts computed by whoever is free.

        Args:
            worker: That has failed.
            parts: What it had been given.
            error: What Ray says.

        Raises:
            ClusterError: that has been tried often enough.
        """
        self._unready_failures += not worker.is_ready
        for part in reversed(parts):
            self._failures[part.ticket] += 1
            self._waiting.appendleft(part)
        often = max([self._unready_failures, *(self._failures[part.ticket] for part in parts)])
        if often >= MOST_FAILURES:
            names = [image.name for part in parts for image in part.batch()]
            over = f" over images from {names[0]} to {names[-1]}" if names else " while loading"
            raise ClusterError(
                f"a worker failed {often} times{over}: {last_line(error)}",
                expected="workers with enough memory, and places that they can reach.",
                fix="start again, maybe with fewer --workers; what is done is not done again.",
            )

    def _replace(self, worker: Worker) -> None:
        """Start another worker."""
        self._workers.remove(worker)
        self._openings = {ref: one for ref, one in self._openings.items() if one is not worker}
        self._ray.kill(worker.actor)
        self._start()


def worker_options(ray: Any, num_workers: int, *, has_gpu: bool) -> dict[str, Any]:
    """What each worker is given of a cluster: cores alike, never more than one computer has.

    Args:
        ray: Ray, connected.
        num_workers: How many there are.
        has_gpu: Whether each takes a GPU.

    Raises:
        ClusterError: there is no GPU.
    """
    alive = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    nodes = [resources.get("CPU", 0.0) for resources in alive]
    if has_gpu and not any(resources.get("GPU") for resources in alive):
        raise ClusterError(
            "no computer of the cluster has a GPU that Ray knows of.",
            expected="GPUs, for --device cuda.",
            fix="pass --device cpu.",
        )
    fair = min(sum(nodes) / num_workers, max(nodes, default=1.0))
    cpus = float(int(fair)) if fair >= 1 else fair
    return {"num_cpus": cpus, "num_gpus": int(has_gpu), "max_restarts": 0}
