"""Names of augmentations, as people type them."""

import pytest

from warmstart.classifier_data.transforms import chosen_augmentation
from warmstart.errors import SettingError
from warmstart.images.augment import draw
from warmstart.images.policy import RAND_AUGMENT, RAND_AUGMENT_OPERATIONS, TRIVIAL_AUGMENT


@pytest.mark.parametrize(
    ("policy", "num_operations"), [(RAND_AUGMENT, RAND_AUGMENT_OPERATIONS), (TRIVIAL_AUGMENT, 1)]
)
def test_a_policy_is_asked_for_by_its_name(policy: str, num_operations: int) -> None:
    """As the presets are; it draws operations and turns or lights nothing beside them."""
    chosen = chosen_augmentation(policy, max_zoom=1.1)
    assert chosen is not None
    assert (chosen.name, chosen.max_zoom) == (policy, 1.1)
    drawn = draw(chosen, 0, b"picture", 1)
    assert len(drawn.operations) == num_operations
    assert (drawn.rotation_degrees, drawn.symmetry, drawn.brightness) == (0.0, 0, 0.0)


def test_the_error_lists_every_name() -> None:
    """Policies among them."""
    with pytest.raises(SettingError, match="top_down, rand_augment, trivial_augment") as caught:
        chosen_augmentation("trivial")
    assert "side_on" in str(caught.value)
