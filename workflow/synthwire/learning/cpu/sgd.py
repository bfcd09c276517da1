"""Stochastic gradient descent in one pass over the weights."""

from __future__ import annotations

import torch


class FusedSGD(torch.optim.SGD):
    """Stochastic gradient descent with momentum, in one pass over the weights.

    torch's own fused kernel wants values in the order of their indices and copies those whose
    channels lie last; here they are shown to it in the order of their memory.
    """

    @torch.no_grad()
    def step(self, closure=None) -> None:
        for group in self.param_groups:
            parameters = [parameter for parameter in group["params"] if parameter.grad is not None]
            torch._fused_sgd_(
                [_in_order_of(parameter, parameter) for parameter in parameters],
                [_in_order_of(parameter, parameter.grad) for parameter in parameters],
                [_in_order_of(parameter, self._momentum(parameter)) for parameter in parameters],
                weight_decay=group["weight_decay"],
                momentum=group["momentum"],
                lr=group["lr"],
                dampening=group["dampening"],
                nesterov=group["nesterov"],
                maximize=group["maximize"],
                is_first_step=False,
            )

    def _momentum(self, parameter: torch.Tensor) -> torch.Tensor:
        """The parameter's momentum, in the parameter's order of memory; zero at the first step."""
        state = self.state[parameter]
        buffer = state.get("momentum_buffer")
        if buffer is None:
            state["momentum_buffer"] = torch.zeros_like(parameter)
        elif buffer.stride() != parameter.stride():
            state["momentum_buffer"] = torch.empty_like(parameter).copy_(buffer)
        return state["momentum_buffer"]


def _in_order_of(parameter: torch.Tensor, tensor: torch.Tensor) -> torch.Tensor:
    if parameter.dim() == 4 and not parameter.is_contiguous():
        tensor = tensor.permute(0, 2, 3, 1)
    return tensor.contiguous()
