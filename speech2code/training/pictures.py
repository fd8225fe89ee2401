"""Matrices as pictures, for TensorBoard."""

import numpy as np
from torch import Tensor
from torch.utils.tensorboard import SummaryWriter


def add_heatmap(writer: SummaryWriter, name: str, values: Tensor, step: int) -> None:
    """Shows `(rows, columns)`, row 0 at the bottom, one pixel a value: an eighth of the price of a drawn figure."""
    from matplotlib import colormaps

    shown = values.detach().cpu().float().numpy()[::-1]
    shown = (shown - shown.min()) / max(float(np.ptp(shown)), 1e-9)
    writer.add_image(name, colormaps["magma"](shown, bytes=True)[:, :, :3], step, dataformats="HWC")
