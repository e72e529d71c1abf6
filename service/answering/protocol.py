"""The Open Inference Protocol, version 2: its tensors, in JSON and in the binary extension.

https://kserve.github.io/website/docs/concepts/architecture/data-plane/v2-protocol and Triton's
`binary_tensor_data` extension, which its clients use unless told otherwise.
"""

import base64
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Annotated, Any, cast

import numpy as np
import orjson
from numpy.typing import NDArray
from pydantic import BaseModel, Field, ValidationError

from bundle.arrays import Tiles
from bundle.errors import NotAPng
from service.errors import BadInference, BodyTooLarge

MODEL = "tilescreen"
"""The one model's name."""
HEADER_LENGTH = "Inference-Header-Content-Length"
PNGS, TILES = "png", "tiles"
_LENGTH = struct.Struct("<I")
_MAX_JSON = 8 * 2**20
"""Lists of numbers take many times their length in memory; binary tensors do not."""


class _Input(BaseModel):
    name: str
    datatype: str
    shape: list[Annotated[int, Field(ge=0)]] = Field(min_length=1, max_length=3)
    parameters: dict[str, Any] = {}
    data: list[Any] | None = None


class _Output(BaseModel):
    name: str
    parameters: dict[str, Any] = {}


class _Inference(BaseModel):
    id: str | None = None
    parameters: dict[str, Any] = {}
    inputs: list[_Input]
    outputs: list[_Output] = []


@dataclass(frozen=True)
class Inference:
    """One request.

    tiles: PNG files, or what is wrong with one; or (n, h, w) uint8 greys.
    id: the caller's, or None.
    outputs: names of those that are wanted, in order, each with whether in binary form.
    """

    tiles: Sequence[bytes | NotAPng] | Tiles
    id: str | None
    outputs: Mapping[str, bool]


Column = NDArray[np.float32] | Sequence[str]


def read_inference(body: bytes, header_length: str | None, known: Sequence[str]) -> Inference:
    """Read a request.

    Args:
        body: JSON, and after it the binary tensors, if any.
        header_length: the header of that name: bytes of the JSON; None without binary tensors.
        known: names of the outputs that can be given.

    Raises:
        BadInference, BodyTooLarge: the message says what is wrong.
    """
    at = len(body)
    if header_length is not None:
        at = int(header_length[:20]) if header_length.isdecimal() else -1
        if not 0 <= at <= len(body):
            raise BadInference(
                f"{HEADER_LENGTH} is {header_length[:40]!r}; it is the length of the JSON at the "
                f"beginning of the body, which has {len(body)} bytes."
            )
    if at > _MAX_JSON:
        raise BodyTooLarge(
            f"The JSON has {at:,} bytes; at most {_MAX_JSON:,} are taken. Send binary tensors."
        )
    try:
        asked = _Inference.model_validate(orjson.loads(body[:at]))
    except (orjson.JSONDecodeError, ValidationError) as error:
        raise BadInference(
            f"The request is not as the protocol has it: {_first(error)}."
        ) from error
    if len(asked.inputs) != 1:
        raise BadInference(f"Send one input, {PNGS!r} or {TILES!r}; {len(asked.inputs)} came.")
    return Inference(_tiles(asked.inputs[0], body[at:]), asked.id, _outputs(asked, known))


def _first(error: Exception) -> str:
    if isinstance(error, ValidationError):
        found = error.errors()[0]
        where = ".".join(map(str, found["loc"])) or "the body"
        told = "it should be an object" if found["type"] == "model_type" else found["msg"]
        return f"{where}: {told}"
    return f"the body is no JSON ({error})"


def _outputs(asked: _Inference, known: Sequence[str]) -> dict[str, bool]:
    usual = bool(asked.parameters.get("binary_data_output", False))
    wanted = {one.name: bool(one.parameters.get("binary_data", usual)) for one in asked.outputs}
    for name in wanted:
        if name not in known:
            raise BadInference(f"There is no output {name[:100]!r}; there are {', '.join(known)}.")
    return wanted or dict.fromkeys(known, usual)


def _tiles(sent: _Input, binary: bytes) -> Sequence[bytes | NotAPng] | Tiles:
    size = sent.parameters.get("binary_data_size")
    if size is not None and size != len(binary):
        raise BadInference(f"binary_data_size is {size}, and {len(binary)} bytes follow the JSON.")
    if size is None and sent.data is None:
        raise BadInference("The input has neither data nor binary_data_size.")
    raw = binary if size is not None else None
    if (sent.name, sent.datatype) == (PNGS, "BYTES"):
        found = [*map(_base64, sent.data or ())] if raw is None else _strings(raw)
        if prod(sent.shape) != len(found):
            raise BadInference(f"The shape is {sent.shape}, and {len(found)} elements came.")
        return found
    if (sent.name, sent.datatype) == (TILES, "UINT8"):
        return _greys(sent, raw)
    raise BadInference(
        f"The input is {sent.name[:100]!r} of {sent.datatype[:20]}; send {PNGS!r} of BYTES, each a "
        f"PNG file, or {TILES!r} of UINT8 with the shape [n, height, width]."
    )


def _greys(sent: _Input, raw: bytes | None) -> Tiles:
    try:
        flat = _whole(sent.data or []) if raw is None else np.frombuffer(raw, np.uint8)
        n, height, width = sent.shape
        if n * height * width == flat.size:
            return flat.reshape(n, height, width)
    except (ValueError, TypeError, OverflowError) as error:
        raise BadInference(
            f"{TILES!r} does not hold greys from 0 to 255 in the shape {sent.shape}; it must be "
            "[n, height, width]."
        ) from error
    raise BadInference(
        f"The shape is {sent.shape}, {n * height * width} greys, and {flat.size} came."
    )


def _whole(data: list[Any]) -> NDArray[np.uint8]:
    found = np.asarray(data)
    if found.size and (found.dtype.kind != "i" or (found != found.astype(np.uint8)).any()):
        raise ValueError(found.dtype)
    return found.astype(np.uint8)


def _strings(raw: bytes) -> list[bytes | NotAPng]:
    """Read elements, each after its length in four bytes, little-endian."""
    found: list[bytes | NotAPng] = []
    at = 0
    while at < len(raw):
        start = at + _LENGTH.size
        (length,) = _LENGTH.unpack_from(raw, at) if start <= len(raw) else (0,)
        at = start + length
        if at > len(raw):
            raise BadInference(
                "The last element of the BYTES tensor is not whole. Each has its length before it "
                "in four bytes, little-endian."
            )
        found.append(raw[start:at])
    return found


def _base64(one: object) -> bytes | NotAPng:
    try:
        return base64.b64decode(cast(str, one), validate=True)
    except (TypeError, ValueError):
        return NotAPng(f"In JSON, an element of {PNGS!r} is a PNG file in base64.")


def write_inference(
    asked: Inference, columns: Mapping[str, Column], model: Mapping[str, str]
) -> tuple[bytes, dict[str, str]]:
    """Return the answer's body and headers.

    Args:
        asked: says which outputs are wanted, and how.
        columns: the outputs; text is a BYTES tensor, the others are FP32.
        model: `model_name` and `model_version`.
    """
    outputs, blobs = [], []
    for name, binary in asked.outputs.items():
        column = columns[name]
        text = not isinstance(column, np.ndarray)
        shape = [len(column)] if text else [*np.shape(column)]
        output: dict[str, Any] = {
            "name": name,
            "datatype": "BYTES" if text else "FP32",
            "shape": shape,
        }
        if binary:
            blobs.append(_binary(column))
            outputs.append({**output, "parameters": {"binary_data_size": len(blobs[-1])}})
        else:
            data = column if text else np.ravel(np.asarray(column))
            outputs.append({**output, "data": data})
    said = {**model, **({"id": asked.id} if asked.id else {}), "outputs": outputs}
    head = orjson.dumps(said, option=orjson.OPT_SERIALIZE_NUMPY)
    if not blobs:
        return head, {"Content-Type": "application/json"}
    headers = {"Content-Type": "application/octet-stream", HEADER_LENGTH: str(len(head))}
    return b"".join([head, *blobs]), headers


def _binary(column: Column) -> bytes:
    if isinstance(column, np.ndarray):
        return column.astype("<f4").tobytes()
    raw = [text.encode() for text in column]
    return b"".join(_LENGTH.pack(len(one)) + one for one in raw)
