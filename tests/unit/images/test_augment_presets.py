"""One word for an augmentation, wherever it is asked for."""

from typing import Any

import pytest

from warmstart import tfms_from_model, transforms_side_on
from warmstart.errors import SettingError
from warmstart.images.augment import Augmentation, read_augmentation

OWN = Augmentation("own", max_rotation_degrees=5)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        (transforms_side_on, transforms_side_on),
        ("side_on", transforms_side_on),
        ("transforms_side_on", transforms_side_on),
        ("Side-On ", transforms_side_on),
        ([transforms_side_on], transforms_side_on),  # as fastai 0.7 has them
        (("side_on",), transforms_side_on),
        (["side_on", transforms_side_on], transforms_side_on),
        (OWN, OWN),
        ([OWN], OWN),
        (None, None),
        ([], None),
        ("none", None),
    ],
)
def test_every_way_to_say_it(given: Any, meant: Augmentation | None) -> None:
    assert read_augmentation("aug_tfms", given) == meant
    found = tfms_from_model("tf_efficientnet_lite0", aug_tfms=given)
    assert found.augmentation == meant


@pytest.mark.parametrize("given", ["sideways", 3, ["side_on", "basic"], [None, OWN, "basic"], {}])
def test_what_is_none_or_several_is_refused(given: Any) -> None:
    with pytest.raises(SettingError, match="aug_tfms"):
        read_augmentation("aug_tfms", given)
