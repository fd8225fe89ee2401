"""A folder here, or a model on the Hugging Face hub."""

from pathlib import Path

from speech2code.errors import UserError


def locate(name: Path | str, files: list[str], revision: str | None = None) -> Path:
    """A folder, or the id of a model on the hub → where its files are; of the hub's, those that fit these patterns are
    downloaded, once. UserError where there is neither."""
    if Path(name).is_dir() and revision is None:
        return Path(name)
    try:
        from huggingface_hub import snapshot_download

        return Path(snapshot_download(str(name), revision=revision, allow_patterns=files))
    except Exception as error:  # the hub raises many kinds: no network, no such repository, a name that cannot be one
        raise UserError(
            f"no model at {name}: neither a folder here nor a model on the hub ({type(error).__name__})"
        ) from error
