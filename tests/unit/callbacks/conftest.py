"""The learner of the learner's tests, and loggers that can be read back."""

from tests.unit.learner.conftest import make as make
