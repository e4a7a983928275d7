from tests.unit.learner.conftest import make

__all__ = ["make"]
