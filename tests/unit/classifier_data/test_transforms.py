"""Names of augmentations, as people type them."""

import pytest

from warmstart.classifier_data.transforms import chosen_augmentation
from warmstart.cli.run.settings import AUGMENTATIONS
from warmstart.errors import SettingError
from warmstart.images.augment import PRESETS, Augmentation, draw_variation
from warmstart.images.policy import RAND_AUGMENT, RAND_AUGMENT_OPERATIONS, TRIVIAL_AUGMENT


@pytest.mark.parametrize(
    ("policy", "num_operations"), [(RAND_AUGMENT, RAND_AUGMENT_OPERATIONS), (TRIVIAL_AUGMENT, 1)]
)
def test_a_policy_is_asked_for_by_its_name(policy: str, num_operations: int) -> None:
    """As the presets are; every view gets its operations, and nothing else but the zoom."""
    chosen = chosen_augmentation(policy, max_zoom=1.1)
    assert chosen == Augmentation(policy, policy=policy, max_zoom=1.1)
    for view in range(1, 20):
        assert len(draw_variation(chosen, 0, b"picture", view).operations) == num_operations


def test_the_error_and_the_help_list_every_name() -> None:
    """Policies among them."""
    names = ", ".join(preset.name for preset in PRESETS)
    assert names == AUGMENTATIONS.replace(" or ", ", ")
    with pytest.raises(SettingError, match=names):
        chosen_augmentation("trivial")
