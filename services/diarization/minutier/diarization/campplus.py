"""CAM++, a network that turns a voice into a vector, as a model of pyannote.audio.

The network is that of Wang et al., "CAM++: A Fast and Efficient Network for Speaker Verification Using
Context-Aware Masking" (arXiv 2303.00332). Modules bear the names that 3D-Speaker's weights use.
"""

from collections import OrderedDict
from collections.abc import Mapping

import torch
from pyannote.audio import Model
from pyannote.audio.core.task import Problem, Resolution, Specifications
from pyannote.audio.models.blocks.pooling import StatsPool
from torch import Tensor, nn
from torch.nn.functional import avg_pool1d, relu
from torch.nn.utils.fusion import fuse_conv_bn_eval

from minutier.diarization.fbank import MEL_BINS, filterbanks
from minutier.shared.audio import SAMPLE_RATE

DIMENSION = 192

_GROWTH = 32
_BOTTLENECK = 4 * _GROWTH
_FIRST_CHANNELS = 128
_CONTEXT_FRAMES = 100
# Layers, dilation.
_BLOCKS = ((12, 1), (24, 2), (16, 2))


class _Residual(nn.Module):
    """Two 3 by 3 convolutions and a way around them; the stride is along the frequencies."""

    def __init__(self, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, stride=(stride, 1), padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.shortcut = nn.Sequential()
        if stride != 1:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels, channels, 1, stride=(stride, 1), bias=False), nn.BatchNorm2d(channels)
            )

    def forward(self, x: Tensor) -> Tensor:
        inner = relu(self.bn1(self.conv1(x)))
        return relu(self.bn2(self.conv2(inner)) + self.shortcut(x))


class _Head(nn.Module):
    """The front-end convolution module: ``(batch, bins, frames)`` to ``(batch, 32 * bins / 8, frames)``."""

    def __init__(self, channels: int = 32) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.layer1 = nn.Sequential(_Residual(channels, 2), _Residual(channels, 1))
        self.layer2 = nn.Sequential(_Residual(channels, 2), _Residual(channels, 1))
        self.conv2 = nn.Conv2d(channels, channels, 3, stride=(2, 1), padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        x = relu(self.bn1(self.conv1(x.unsqueeze(1))))
        x = relu(self.bn2(self.conv2(self.layer2(self.layer1(x)))))
        return x.flatten(1, 2)


class _Normal(nn.Sequential):
    """Batch normalisation, and a rectifier where wanted."""

    def __init__(self, channels: int, *, affine: bool = True, rectified: bool = True) -> None:
        parts: OrderedDict[str, nn.Module] = OrderedDict(batchnorm=nn.BatchNorm1d(channels, affine=affine))
        if rectified:
            parts["relu"] = nn.ReLU()
        super().__init__(parts)


class _ContextMasking(nn.Module):
    """A convolution whose output is weighed by what the whole and each second of it are like."""

    def __init__(self, dilation: int) -> None:
        super().__init__()
        self.linear_local = nn.Conv1d(
            _BOTTLENECK, _GROWTH, 3, padding=dilation, dilation=dilation, bias=False
        )
        self.linear1 = nn.Conv1d(_BOTTLENECK, _BOTTLENECK // 2, 1)
        self.linear2 = nn.Conv1d(_BOTTLENECK // 2, _GROWTH, 1)

    def forward(self, x: Tensor) -> Tensor:
        seconds = avg_pool1d(x, _CONTEXT_FRAMES, ceil_mode=True)
        context = x.mean(-1, keepdim=True) + seconds
        mask = torch.sigmoid(self.linear2(relu(self.linear1(context))))
        mask = mask.repeat_interleave(_CONTEXT_FRAMES, dim=-1)[..., : x.shape[-1]]
        masked: Tensor = self.linear_local(x) * mask
        return masked


class _DenseLayer(nn.Module):
    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.nonlinear1 = _Normal(channels)
        self.linear1 = nn.Conv1d(channels, _BOTTLENECK, 1, bias=False)
        self.nonlinear2 = _Normal(_BOTTLENECK)
        self.cam_layer = _ContextMasking(dilation)

    def forward(self, x: Tensor) -> Tensor:
        new = self.cam_layer(self.nonlinear2(self.linear1(self.nonlinear1(x))))
        return torch.cat([x, new], dim=1)


class _Block(nn.Sequential):
    """Densely connected: each layer reads the output of all before it."""

    def __init__(self, layers: int, channels: int, dilation: int) -> None:
        super().__init__(
            OrderedDict(
                (f"tdnnd{number + 1}", _DenseLayer(channels + number * _GROWTH, dilation))
                for number in range(layers)
            )
        )


class _Unit(nn.Module):
    """A convolution before or after its normalisation."""

    def __init__(self, inputs: int, outputs: int, *, first: bool) -> None:
        super().__init__()
        self._first = first
        if first:
            self.linear = nn.Conv1d(inputs, outputs, 5, stride=2, padding=2, bias=False)
            self.nonlinear = _Normal(outputs)
        else:
            self.nonlinear = _Normal(inputs)
            self.linear = nn.Conv1d(inputs, outputs, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.nonlinear(self.linear(x)) if self._first else self.linear(self.nonlinear(x))
        return result


class _Dense(nn.Module):
    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.linear = nn.Conv1d(inputs, DIMENSION, 1, bias=False)
        self.nonlinear = _Normal(DIMENSION, affine=False, rectified=False)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.nonlinear(self.linear(x.unsqueeze(-1)).squeeze(-1))
        return result


def _backbone() -> tuple["OrderedDict[str, nn.Module]", int]:
    modules: OrderedDict[str, nn.Module] = OrderedDict()
    channels = _FIRST_CHANNELS
    modules["tdnn"] = _Unit(32 * MEL_BINS // 8, channels, first=True)
    for number, (layers, dilation) in enumerate(_BLOCKS, start=1):
        modules[f"block{number}"] = _Block(layers, channels, dilation)
        channels += layers * _GROWTH
        modules[f"transit{number}"] = _Unit(channels, channels // 2, first=False)
        channels //= 2
    modules["out_nonlinear"] = _Normal(channels)
    return modules, channels


class CamPlusPlus(Model):
    """Waveforms ``(batch, 1, samples)`` to voices ``(batch, 192)``.

    Weights ``(batch, frames)``, of any number of frames, say which of the sound counts.
    """

    def __init__(self, sample_rate: int = SAMPLE_RATE, num_channels: int = 1) -> None:
        super().__init__(sample_rate=sample_rate, num_channels=num_channels)
        self.head = _Head()
        modules, channels = _backbone()
        modules["stats"] = StatsPool()
        modules["dense"] = _Dense(2 * channels)
        self.xvector = nn.ModuleDict(modules)
        self.specifications = Specifications(
            problem=Problem.REPRESENTATION, resolution=Resolution.CHUNK, duration=10.0
        )

    @classmethod
    def of(cls, state: Mapping[str, Tensor], *, folded: bool = True) -> "CamPlusPlus":
        """The network with 3D-Speaker's weights, ready to be used.

        Where ``folded``, normalisations are part of the convolutions before them: it computes the same
        in three quarters of the time. Raises `RuntimeError` where the weights are not this network's.
        """
        model = cls()
        model.load_state_dict(state)
        model.eval()
        if folded:
            model._fold()
        return model

    @property
    def dimension(self) -> int:
        return DIMENSION

    def forward(self, waveforms: Tensor, weights: Tensor | None = None) -> Tensor:  # type: ignore[override]
        features = [filterbanks(waveform[0].cpu().numpy()) for waveform in waveforms]
        heard = torch.stack([torch.from_numpy(each - each.mean(axis=0)) for each in features])
        return self.embed(heard.to(waveforms.device), weights)

    def embed(self, features: Tensor, weights: Tensor | None = None) -> Tensor:
        """The same from filterbanks ``(batch, frames, 80)`` whose mean over time is nought."""
        x: Tensor = self.head(features.transpose(1, 2))
        for name, module in self.xvector.items():
            x = module(x, weights) if name == "stats" else module(x)
        return x

    def _fold(self) -> None:
        for module in self.modules():
            if isinstance(module, _Head | _Residual):
                module.conv1 = fuse_conv_bn_eval(module.conv1, module.bn1)
                module.conv2 = fuse_conv_bn_eval(module.conv2, module.bn2)
                module.add_module("bn1", nn.Identity())
                module.add_module("bn2", nn.Identity())
            if isinstance(module, _Residual) and len(module.shortcut):
                module.shortcut = nn.Sequential(fuse_conv_bn_eval(*module.shortcut))
            if isinstance(module, _DenseLayer):
                normal = module.nonlinear2[0]
                assert isinstance(normal, nn.BatchNorm1d)
                module.linear1 = fuse_conv_bn_eval(module.linear1, normal)
                module.nonlinear2[0] = nn.Identity()
        for module in self.head.modules():
            if isinstance(module, nn.Conv2d):
                module.weight.data = module.weight.data.contiguous(memory_format=torch.channels_last)
