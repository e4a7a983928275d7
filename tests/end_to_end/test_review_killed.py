"""Five hundred clicks and twenty kills: no click that was answered is lost."""

import http.client
import json
import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

from warmstart.files.journal import Journal

NUM_CLICKS, NUM_KILLS, NUM_PICTURES = 500, 20, 40
CLASSES = ("cat", "dog")
SERVER = """
import sys
from pathlib import Path
from warmstart.web.review import LikelyClass, Review, ReviewItem, ReviewList
from warmstart.web.review_app import ExportAnswer, review_app
from warmstart.web.server import address_of, listening_socket, run_server
likely = (LikelyClass("cat", 0.9), LikelyClass("dog", 0.1))
items = tuple(ReviewItem(f"{n}.png", "dog", "train", 0.9, likely) for n in range(40))
files = {item.name: Path(item.name) for item in items}
of = ReviewList("run", "here", ("cat", "dog"), items, files)
review = Review.open(of, Path(sys.argv[1]))
taken = listening_socket("127.0.0.1", 0)
app = review_app(review, lambda: ExportAnswer("", "", 0))
run_server(app, taken, lambda: print(address_of(taken), flush=True))
"""


class Server:
    """A review in a process of its own."""

    def __init__(self, journal: Path) -> None:
        source = str(Path(__file__).resolve().parents[2] / "src")
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(journal)], stdout=subprocess.PIPE, text=True,
            env=os.environ | {"PYTHONPATH": source},
        )  # fmt: skip
        assert self.process.stdout is not None
        port = int(self.process.stdout.readline().rstrip("/\n").rpartition(":")[2])
        self.asked = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def click(self, line: dict[str, str]) -> None:
        """Decide; returns when it is answered."""
        self.asked.request("POST", "/api/decisions", json.dumps(line))
        reply = self.asked.getresponse()
        reply.read()
        assert reply.status == 200

    def kill(self) -> None:
        """At once, whatever it does."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.asked.close()
        assert self.process.stdout is not None
        self.process.stdout.close()


def test_no_click_that_was_answered_is_lost(tmp_path: Path) -> None:
    drawn = random.Random(0)
    file = tmp_path / "run" / "review.jsonl"
    answered: list[dict[str, str]] = []
    num_kills = num_in_flight = 0
    while len(answered) < NUM_CLICKS or num_kills < NUM_KILLS:
        server = Server(file)
        after = drawn.uniform(0.0, 0.15) if num_kills < NUM_KILLS else 600.0
        timer = threading.Timer(after, server.process.kill)
        most = len(answered) + (NUM_CLICKS // NUM_KILLS if num_kills < NUM_KILLS else NUM_CLICKS)
        timer.start()
        try:
            while len(answered) < min(most, NUM_CLICKS):
                name = f"{drawn.randrange(NUM_PICTURES)}.png"
                action = drawn.choice(["keep", "remove", "relabel"])
                line = {"action": action, "name": name}
                line["label"] = drawn.choice(CLASSES) if action == "relabel" else ""
                server.click(line)
                answered.append(line)
            if num_kills < NUM_KILLS:
                timer.join()
        except (OSError, http.client.HTTPException):
            num_in_flight += 1
        timer.cancel()
        server.kill()
        num_kills += 1
        if drawn.random() < 0.3:  # what the power leaves of a line
            with file.open("ab") as torn:
                torn.write(b'{"action": "ke')
    journal = Journal(file)
    journal.close()
    kept = [json.loads(line) for line in journal.lines[1:]]
    assert len(answered) == NUM_CLICKS
    assert num_in_flight > 0, "no kill came while somebody clicked"
    places = iter(kept)
    assert all(line in places for line in answered), "a click that was answered is gone"
    assert len(kept) - len(answered) <= num_in_flight  # written, but killed before it was answered
