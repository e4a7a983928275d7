"""Findings → one fix per picture."""

from collections.abc import Iterator, Sequence

from warmstart.checkup.findings import FileFinding, Member, Mislabelled, Twins
from warmstart.data.fixes import Fix


def suggested_fixes(
    unreadable: Sequence[FileFinding], twins: Sequence[Twins], mislabelled: Sequence[Mislabelled]
) -> list[Fix]:
    """What is sure is dropped, the rest is to be looked at; drops first, then the surest looks.

    Args:
        unreadable: Files that cannot be decoded.
        twins: Rows that show the same.
        mislabelled: Rows with a doubtful label.

    Returns:
        Each name once. A picture with several findings has all reasons, and the strongest action.
    """
    merged: dict[str, Fix] = {}
    for fix in every_fix(unreadable, twins, mislabelled):
        known = merged.get(fix.name)
        merged[fix.name] = fix if known is None else joined(known, fix)
    return sorted(merged.values(), key=lambda fix: fix.action != "drop")


def every_fix(
    unreadable: Sequence[FileFinding], twins: Sequence[Twins], mislabelled: Sequence[Mislabelled]
) -> Iterator[Fix]:
    """A fix per finding and picture, in the order of what matters."""
    for item in unreadable:
        yield Fix(item.name, "drop", reason=f"cannot be read: {item.reason}")
    for several in twins:
        yield from fixes_of_twins(several)
    for row in mislabelled:
        reason = f"called {row.label}; looks like {row.suggestion}"
        yield Fix(row.name, "look", row.suggestion, reason, f"{row.margin:.2f}")


def fixes_of_twins(twins: Twins) -> Iterator[Fix]:
    """Of one picture in several splits, the training copies go: the others have to stay as judges.

    Where all are in one split, or it is not sure that they are one picture, a person looks.
    """
    kept = keeper(twins.members)
    how = "same bytes as" if twins.is_exact else "looks the same as"
    for member in twins.members:
        if member is kept:
            if twins.contradicts and member.labels:
                other = next(m for m in twins.members if m.labels not in {(), kept.labels})
                yield Fix(member.name, "look", reason=f"{how} {described(other)}")
            continue
        is_leak = twins.is_exact and member.split == "train" and kept.split != "train"
        reason = f"{how} {described(kept)}"
        yield Fix(member.name, "drop" if is_leak else "look", "", reason, f"{twins.similarity:.2f}")


def keeper(members: Sequence[Member]) -> Member:
    """The one that others are compared with: of test, else of valid, else the first of train."""
    order = ("test", "valid", "train")
    return min(members, key=lambda member: order.index(member.split))


def described(member: Member) -> str:
    """Name, split and label."""
    label = f", called {' and '.join(member.labels)}" if member.labels else ""
    return f"{member.name} ({member.split}{label})"


def joined(first: Fix, second: Fix) -> Fix:
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
