"""Where a training's curves go: TensorBoard's files, which the report reads, and beside them Trackio or Weights &
Biases, whose interface is the same."""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from speech2code.errors import UserError

PROJECT = "speech2code"


class Curves(SummaryWriter):
    """TensorBoard's writer; every scalar goes to the tracker as well. Pictures and sounds stay in TensorBoard."""

    def __init__(self, folder: Path, step: int, tracker: str | None):
        """`step`: what an interrupted training has written behind it is forgotten; `tracker`: the name of its
        package. UserError where that is not installed."""
        self.tracker = None
        if tracker and find_spec(tracker) is None:
            raise UserError(f"trainer.tracker={tracker} needs the package {tracker}: pip install {tracker}")
        super().__init__(str(folder), purge_step=step)
        if tracker:
            name = f"{folder.parent.name}.{folder.name}"  # run and stage; the same again, where a training resumes
            self.tracker = import_module(tracker)
            known = {"id": name, "dir": str(folder)} if tracker == "wandb" else {}
            self.tracker.init(project=PROJECT, name=name, resume="allow", **known)

    def add_scalar(self, tag: str, scalar_value: float, global_step: int) -> None:  # type: ignore[override]
        super().add_scalar(tag, scalar_value, global_step)
        if self.tracker:
            self.tracker.log({tag: scalar_value}, step=global_step)

    def close(self) -> None:
        super().close()
        if self.tracker:
            self.tracker.finish()
