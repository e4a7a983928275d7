"""ImageClassifierData out of shards: tar archives, and Parquet files with pictures in them."""

from pathlib import Path

from warmstart.arguments import reads
from warmstart.classifier_data.arguments import READERS
from warmstart.classifier_data.from_table import Data, FromTable
from warmstart.classifier_data.transforms import ModelTransforms
from warmstart.data.columns import Columns
from warmstart.data.faults import Faults
from warmstart.data.output_paths import content_memory
from warmstart.data.shard_table import read_shards
from warmstart.data.shards import check_shard_kind, shards_of
from warmstart.data.split import Draw
from warmstart.files.places import PARQUET, TAR


class ReadsShards(FromTable):
    """What makes data out of shards, for the class that has the rest.

    Example:
        >>> from warmstart import ImageClassifierData, tfms_from_model
        >>> tfms = tfms_from_model("test_resnet", 32)
    """

    @classmethod
    @reads(**READERS)
    def from_tar(
        cls: type[Data],
        path: str | Path,
        tfms: ModelTransforms,
        bs: int = 64,
        *,
        label_column: str | None = None,
        split_column: str | None = None,
        group: str | None = None,
        label_sep: str | None = None,
        valid_pct: float = 0.2,
        split_by: str = "class",
        seed: int = 42,
        cache_dir: str | Path | None = None,
        on_unreadable: str = "raise",
        fixes: str | Path | None = None,
        for_check: bool = False,
        quiet: bool = False,
    ) -> Data:
        """Read tar archives in the layout of WebDataset, or one of class folders; none is unpacked.

        Args:
            path: An archive; several, as "shards/{000..099}.tar" or "shards/*.tar"; a folder of
                such; or a URL. In it ``cat.jpg`` and ``cat.cls``, ``cat.txt`` or ``cat.json`` are a
                picture and its label.
            tfms: From ``tfms_from_model``.
            bs: Rows per training batch.
            label_column: The kind of member that is the label, "cls", "txt" or "json", or a key in
                the JSON; None finds it.
            split_column: A key in the JSON that says train, valid or test; None is what the names
                of the archives say, such as train-000.tar.
            group: A key in the JSON whose equal values share a split.
            label_sep: What stands between labels of an image that may have many.
            valid_pct: Share that validates, if it is drawn.
            split_by: "class" draws that share of each class; "name" and "content" go by the hash of
                each row's group, or else of its name or its bytes, so that added rows move none.
            seed: What that draw depends on.
            cache_dir: Where hashes are remembered that ``split_by="content"`` goes by.
            on_unreadable: "raise", "drop" or "use".
            fixes: A CSV of rows to drop or relabel, from ``check().write_fixes``.
            for_check: What training refuses is left out, and told by ``check()``.
            quiet: Do not tell what was noticed, and left out.

        Returns:
            The data; no pixel has been read yet.

        Example:
            >>> import tarfile
            >>> with tarfile.open(folder / "photos.tar", "w") as archive:
            ...     archive.add(folder / "train", "photos")
            >>> data = ImageClassifierData.from_tar(
            ...     folder / "photos.tar", tfms, valid_pct=0.5, quiet=True
            ... )
            >>> data.classes
            ('cat', 'dog')
        """
        shards = check_shard_kind(shards_of(path), TAR, str(path))
        columns = Columns(label=label_column, split=split_column, group=group, label_sep=label_sep)
        draw = Draw(valid_pct, seed, split_by, content_memory(cache_dir))
        table = read_shards(shards, columns, draw=draw, faults=Faults(for_check))
        return cls.of_table(
            table, tfms, bs, on_unreadable=on_unreadable, folder=shards.home, fixes=fixes,
            quiet=quiet,
        )  # fmt: skip

    @classmethod
    @reads(**READERS)
    def from_parquet(
        cls: type[Data],
        path: str | Path,
        tfms: ModelTransforms,
        bs: int = 64,
        *,
        image_column: str | None = None,
        label_column: str | int | None = None,
        split_column: str | int | None = None,
        group: str | int | None = None,
        label_sep: str | None = None,
        valid_pct: float = 0.2,
        split_by: str = "class",
        seed: int = 42,
        cache_dir: str | Path | None = None,
        on_unreadable: str = "raise",
        fixes: str | Path | None = None,
        for_check: bool = False,
        quiet: bool = False,
    ) -> Data:
        """Read Parquet files that hold the pictures, as Hugging Face writes them.

        Args:
            path: A file; several, as "photos/train-*.parquet"; a folder of such; or a URL.
            tfms: From ``tfms_from_model``.
            bs: Rows per training batch.
            image_column: The column of bytes, or of bytes and path; None finds it.
            label_column: The column of labels: texts, or numbers, whose names the schema may tell;
                None finds it.
            split_column: The column that says train, valid or test; None is what the names of the
                files say, such as train-00000-of-00002.parquet.
            group: A column whose equal values share a split.
            label_sep: What stands between labels of an image that may have many.
            valid_pct: Share that validates, if it is drawn.
            split_by: "class", "name" or "content", as in ``from_tar``.
            seed: What that draw depends on.
            cache_dir: Where hashes are remembered that ``split_by="content"`` goes by.
            on_unreadable: "raise", "drop" or "use".
            fixes: A CSV of rows to drop or relabel, from ``check().write_fixes``.
            for_check: What training refuses is left out, and told by ``check()``.
            quiet: Do not tell what was noticed, and left out.

        Returns:
            The data; no pixel has been read yet.

        Example:
            >>> import pandas as pd
            >>> files = sorted((folder / "train").rglob("*.png"))
            >>> cells = [{"bytes": file.read_bytes(), "path": file.name} for file in files]
            >>> labels = [file.parent.name for file in files]
            >>> frame = pd.DataFrame({"image": cells, "label": labels})
            >>> frame.to_parquet(folder / "photos.parquet")
            >>> data = ImageClassifierData.from_parquet(
            ...     folder / "photos.parquet", tfms, valid_pct=0.5, quiet=True
            ... )
            >>> data.classes
            ('cat', 'dog')
        """
        shards = check_shard_kind(shards_of(path), PARQUET, str(path))
        columns = Columns(
            label=label_column, split=split_column, group=group, label_sep=label_sep,
            image=image_column,
        )  # fmt: skip
        draw = Draw(valid_pct, seed, split_by, content_memory(cache_dir))
        table = read_shards(shards, columns, draw=draw, faults=Faults(for_check))
        return cls.of_table(
            table, tfms, bs, on_unreadable=on_unreadable, folder=shards.home, fixes=fixes,
            quiet=quiet,
        )  # fmt: skip
