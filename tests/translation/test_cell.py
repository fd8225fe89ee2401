"""The decoder's cell against torch's LSTMCell: same states, same gradients."""

import torch
from torch import nn

from speech2code.translation.cell import DecoderCell

BATCH, EMBEDDING, CONTEXT, WIDTH, STEPS = 3, 5, 4, 6, 7


def _twin(cell: DecoderCell) -> nn.LSTMCell:
    """torch's cell with the same weights; its gate order is enter, forget, cell, leave."""
    order = torch.cat([torch.arange(2 * WIDTH), torch.arange(3 * WIDTH, 4 * WIDTH), torch.arange(2 * WIDTH, 3 * WIDTH)])
    twin = nn.LSTMCell(EMBEDDING + CONTEXT, WIDTH)
    with torch.no_grad():
        fed_back = cell.fed_back.weight[order]
        twin.weight_ih.copy_(torch.cat([cell.embedded.weight[order], fed_back[:, :CONTEXT]], dim=1))
        twin.weight_hh.copy_(fed_back[:, CONTEXT:])
        twin.bias_ih.copy_(cell.embedded.bias[order])
        twin.bias_hh.zero_()
    return twin


def test_states_and_gradients_equal_torchs_cell():
    torch.manual_seed(0)
    cell = DecoderCell(EMBEDDING, CONTEXT, WIDTH)
    twin = _twin(cell)
    embedded, contexts = torch.randn(STEPS, BATCH, EMBEDDING), torch.randn(STEPS, BATCH, CONTEXT)
    ours = theirs = (torch.zeros(BATCH, WIDTH), torch.zeros(BATCH, WIDTH))
    tape, ours_sum, theirs_sum = [], 0, 0
    for gates, embedding, context in zip(cell.embedded(embedded), embedded, contexts):
        ours = cell(gates, context + ours[0][:, :CONTEXT], *ours, tape)
        theirs = twin(torch.cat([embedding, context + theirs[0][:, :CONTEXT]], dim=1), theirs)
        torch.testing.assert_close(ours, theirs)
        ours_sum, theirs_sum = ours_sum + ours[0].square().sum(), theirs_sum + theirs[0].square().sum()
    ours_sum.backward()
    theirs_sum.backward()
    with torch.no_grad():
        cell.fed_back.weight.copy_(cell.fed_back.weight.grad)
        cell.embedded.weight.copy_(cell.embedded.weight.grad)
        cell.embedded.bias.copy_(cell.embedded.bias.grad)
    again = _twin(cell)
    torch.testing.assert_close(again.weight_ih, twin.weight_ih.grad)
    torch.testing.assert_close(again.weight_hh, twin.weight_hh.grad)
    torch.testing.assert_close(again.bias_ih, twin.bias_ih.grad)
