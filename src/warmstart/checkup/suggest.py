"""Findings → one fix per picture."""

from collections.abc import Iterator, Sequence

from warmstart.checkup.findings import Duplicates, FileFinding, Member, Mislabelled
from warmstart.data.fixes import Fix


def suggested_fixes(
    unreadable: Sequence[FileFinding],
    duplicates: Sequence[Duplicates],
    mislabelled: Sequence[Mislabelled],
) -> list[Fix]:
    """What is sure is dropped, the rest is to be looked at; drops first, then the surest looks.

    Args:
        unreadable: Files that cannot be decoded.
        duplicates: Rows that show the same.
        mislabelled: Rows with a doubtful label.

    Returns:
        Each name once. A picture with several findings has all reasons, and the strongest action.
    """
    merged: dict[str, Fix] = {}
    for fix in every_fix(unreadable, duplicates, mislabelled):
        known = merged.get(fix.name)
        merged[fix.name] = fix if known is None else merge_fixes(known, fix)
    return sorted(merged.values(), key=lambda fix: fix.action != "drop")


def every_fix(
    unreadable: Sequence[FileFinding],
    duplicates: Sequence[Duplicates],
    mislabelled: Sequence[Mislabelled],
) -> Iterator[Fix]:
    """A fix per finding and picture, in the order of what matters."""
    for item in unreadable:
        yield Fix(item.name, "drop", reason=f"cannot be read: {item.reason}")
    for group in duplicates:
        yield from fixes_of_duplicates(group)
    for row in mislabelled:
        reason = f"called {row.label}; looks like {row.suggestion}"
        yield Fix(row.name, "look", row.suggestion, reason, f"{row.margin:.2f}")


def fixes_of_duplicates(group: Duplicates) -> Iterator[Fix]:
    """Of one picture in several splits, the training copies go: the others have to stay as judges.

    Where all are in one split, or it is not sure that they are one picture, a person looks.
    """
    kept = keeper(group.members)
    how = "same bytes as" if group.is_exact else "looks the same as"
    for member in group.members:
        if member is kept:
            if group.contradicts and member.labels:
                other = next(m for m in group.members if m.labels not in {(), kept.labels})
                yield Fix(member.name, "look", reason=f"{how} {describe_member(other)}")
            continue
        is_leak = group.is_exact and member.split == "train" and kept.split != "train"
        reason = f"{how} {describe_member(kept)}"
        yield Fix(member.name, "drop" if is_leak else "look", "", reason, f"{group.similarity:.2f}")


def keeper(members: Sequence[Member]) -> Member:
    """The one that others are compared with: of test, else of valid, else the first of train."""
    order = ("test", "valid", "train")
    return min(members, key=lambda member: order.index(member.split))


def describe_member(member: Member) -> str:
    """Name, split and label."""
    label = f", called {' and '.join(member.labels)}" if member.labels else ""
    return f"{member.name} ({member.split}{label})"


def merge_fixes(first: Fix, second: Fix) -> Fix:
    """Two fixes of one picture."""
    action = "drop" if "drop" in {first.action, second.action} else "look"
    reasons = dict.fromkeys([first.reason, second.reason])
    return Fix(
        first.name,
        action,
        first.label or second.label,
        "; ".join(reasons),
        max(first.score, second.score),
    )
