"""`warmstart compare`: the table, the advice, and what stops it or does not."""

from pathlib import Path
from typing import Any

import pytest
from tests.unit.cli.conftest import Place, Run
from tests.unit.comparison.test_backbones import trial

from warmstart import ConvLearner, ImageClassifierData, tfms_from_model
from warmstart.cli.text.tables import table_text, verdict_text
from warmstart.comparison.backbones import ranked, to_take

ARCH = "tf_efficientnet_lite0"
FAST = ["--size", "32", "--epochs", "2", "--k", "3"]


def test_one_is_ranked_and_the_other_named(run: Run, place: Place) -> None:
    said = run("compare", "dogscats", "--arch", f"{ARCH}, no_such_net", *FAST)
    assert said.code == 0
    lines = said.out.splitlines()
    assert max(map(len, lines)) <= 80
    assert any(line.startswith("left out: no_such_net: ") for line in lines)
    assert lines[-1] == f"next: warmstart train dogscats --arch {ARCH}"
    data = ImageClassifierData.from_paths("dogscats", tfms_from_model(ARCH, 32))
    learn = ConvLearner.pretrained(ARCH, data, precompute=True, quiet=True)
    found = learn.cross_validate(3, cycle_len=2)  # law 14: Python says the same
    (line,) = (line for line in lines if line.startswith(ARCH))
    assert line.split()[1] == f"{found.accuracy:.4f}"
    assert f"rate {found.lr:.2g}" in said.err


def test_the_judge_is_logistic_regression_unless_an_mlp_is_asked_for(
    run: Run, place: Place
) -> None:
    said = run("compare", "dogscats", "--arch", f"{ARCH},no_such_net", "--size", "32", "--k", "3")
    assert said.code == 0
    data = ImageClassifierData.from_paths("dogscats", tfms_from_model(ARCH, 32))
    learn = ConvLearner.pretrained(ARCH, data, precompute=True, quiet=True)
    learn.fit_head("logistic")
    found = learn.cross_validate(3)
    (line,) = (line for line in said.out.splitlines() if line.startswith(ARCH))
    assert line.split()[1] == f"{found.accuracy:.4f}"
    assert ", C " in said.err


def test_two_networks_with_random_weights(run: Run, place: Place) -> None:
    said = run("compare", "dogscats", "--arch", f"resnet10t,{ARCH}", "--no-pretrained", *FAST)
    assert said.code == 0
    assert "resnet10t better than" in said.out or f"{ARCH} better than" in said.out
    table = [line.split() for line in said.out.splitlines() if "–" in line]
    megabytes = {line[0]: line[-2] for line in table}
    assert megabytes == {"resnet10t": "19.7", ARCH: "13.7"}


@pytest.mark.parametrize("arch", ["", ARCH, f"{ARCH},{ARCH}", " , "])
def test_fewer_than_two_backbones(run: Run, place: Place, arch: str) -> None:
    said = run("compare", "dogscats", "--arch", arch)
    assert said.code == 2
    assert "two or more timm names" in said.err


def test_what_is_at_fault_is_told_once(run: Run, place: Place) -> None:
    said = run("compare", "dogscats", "--arch", "no_such_net,nor_this_one")
    assert (said.code, said.out) == (2, "")
    assert "nor_this_one" in said.err
    said = run("compare", "catsdogs", "--arch", f"{ARCH},resnet18")
    assert said.code == 1
    assert "there is no file or folder catsdogs" in said.err
    said = run("compare", "dogscats", "--arch", f"{ARCH},resnet18", "--weights", "x.safetensors")
    assert said.code == 2
    assert "WARMSTART_WEIGHTS" in said.fix


@pytest.mark.parametrize("numbers", [(190, 189, 150), (200, 10), (100,), (200, 200, 200, 199, 0)])
def test_it_fits_80_columns(numbers: tuple[int, ...]) -> None:
    long = "vit_giant_patch14_reg4_dinov2.lvd142m_and_more"
    ranking = ranked([trial(f"{long}{i}", right, 99999.9) for i, right in enumerate(numbers)])
    reason = "no pretrained weights: " + "the hub cannot be reached " * 5
    text = table_text(ranking, [(long, reason)]) + "\n" + verdict_text(ranking, *to_take(ranking))
    assert max(map(len, text.splitlines())) <= 80
    assert text.replace("\n", " ").count(" better than vit") == len(numbers) - 1
    assert "left out: vit" in text


def test_the_advice(tmp_path: Path) -> None:
    def advice(*trials: Any) -> str:
        ranking = ranked(trials)
        return verdict_text(ranking, *to_take(ranking)).replace("\n", " ")

    near = advice(trial("slow", 190, 9.0), trial("fast", 189, 2.0), trial("poor", 150))
    assert "slow better than fast? can't tell: +0.0050" in near
    assert "fast better than poor? yes: +0.1950" in near
    assert "take fast: the fastest of those that the first is not shown to be better than" in near
    assert "(slow, fast)" in near
    assert "take best: the most accurate" in advice(trial("best", 190), trial("poor", 150))
    assert "take lone: the only one" in advice(trial("lone", 190))
