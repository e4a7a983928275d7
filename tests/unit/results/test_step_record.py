from warmstart.results.step_record import StepRecord, steps_from_jsonl, steps_to_jsonl

HEAD = StepRecord(1, "Train the head", "It is new.", 12.25, 0.91, None, None, None, 300, True, "")
THAWED = StepRecord(
    2, "Thaw — 解冻", "To adapt.", 1e-3, 0.9, -0.01, -0.1 - 0.2, 0.02, 300, False, "a\nb"
)


def test_steps_read_back_as_they_were() -> None:
    text = steps_to_jsonl([HEAD, THAWED])
    assert len(text.splitlines()) == 2
    assert steps_from_jsonl(text) == (HEAD, THAWED)
    assert steps_from_jsonl("") == ()
