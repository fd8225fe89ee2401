"""Units → log magnitude by one linear layer: the floor that a vocoder must beat."""

from torch import Tensor, nn

from speech2code.config import LinearConfig
from speech2code.padding import frame_mask, repeat
from speech2code.protocols import Units, UnitSpec
from speech2code.vocoders.spectrogram import SpectrogramVocoder


class LinearVocoder(SpectrogramVocoder):
    """Each step's frames are a linear map of its code, its neighbours' codes, the speaker, and what the unit encoder
    rebuilds."""

    def __init__(self, config: LinearConfig, spec: UnitSpec):
        super().__init__(config, spec)
        self.speakers = nn.Embedding(spec.speakers, spec.code_dim)
        self.codes = nn.Conv1d(
            spec.code_dim, spec.step_frames * len(self.mean), 2 * config.context + 1, padding=config.context
        )
        self.rebuilt = nn.Linear(spec.rebuilt_dim, len(self.mean)) if spec.rebuilt_dim else None

    def draw(self, units: Units) -> Tensor:
        """→ standardised log magnitude `(batch, steps · step_frames, bins)`."""
        lengths, codes = units.durations.sum(1), repeat(units.codes, units.durations)
        voiced = (codes + self.speakers(units.speakers)[:, None]) * frame_mask(lengths, codes.shape[1])[:, :, None]
        drawn = self.codes(voiced.transpose(1, 2)).transpose(1, 2)
        drawn = drawn.unflatten(2, (self.spec.step_frames, -1)).flatten(1, 2)
        if self.rebuilt is None or units.rebuilt is None:
            return drawn
        return drawn + self.rebuilt(units.rebuilt[:, : drawn.shape[1]])
