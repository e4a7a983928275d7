"""(d) Size and read rate of the store at 100,000 rows."""

import tempfile
import time
from pathlib import Path

import measure
import numpy as np

from warmstart.activations.namespace import CacheNamespace, NamespaceCard, row_key

NUM_ROWS, WIDTH, PER_SHARD, BATCH = 100_000, 2560, 2048, 64


def main() -> None:
    """Write, open again, read in order and at random."""
    card = NamespaceCard("benchmark", "0" * 64, "pooled", "none", "float16", (WIDTH,))
    rng = np.random.default_rng(0)
    keys = [row_key(card.identity, "view", i.to_bytes(32, "big")) for i in range(NUM_ROWS)]
    with tempfile.TemporaryDirectory() as place:
        namespace = CacheNamespace(Path(place), card)
        began = time.perf_counter()
        for start in range(0, NUM_ROWS, PER_SHARD):
            names = keys[start : start + PER_SHARD]
            namespace.append(names, rng.random((len(names), WIDTH), np.float32).astype(np.float16))
        written = time.perf_counter() - began
        size = sum(path.stat().st_size for path in namespace.folder.iterdir())
        opens, in_order, at_random = [], [], []
        for _ in range(3):
            began = time.perf_counter()
            namespace = CacheNamespace(Path(place), card)
            positions = namespace.locate(keys)
            opens.append(time.perf_counter() - began)
            for order, seconds in (
                (positions, in_order),
                (rng.permutation(positions), at_random),
            ):
                began = time.perf_counter()
                for start in range(0, NUM_ROWS, BATCH):
                    namespace.gather(order[start : start + BATCH])
                seconds.append(NUM_ROWS / (time.perf_counter() - began))
    measure.write(
        "store",
        {
            "rows": f"{NUM_ROWS} of {WIDTH} float16, read in batches of {BATCH}, pages warm",
            "bytes": size,
            "bytes_per_row_over_the_values": size / NUM_ROWS - 2 * WIDTH,
            "rows_per_second_written": NUM_ROWS / written,
            "seconds_to_open_and_verify": measure.spread(opens),
            "rows_per_second_in_order": measure.spread(in_order),
            "rows_per_second_at_random": measure.spread(at_random),
        },
    )


if __name__ == "__main__":
    main()
