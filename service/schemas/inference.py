"""Answers of the Open Inference Protocol, version 2."""

from typing import Any

from pydantic import Field

from service.schemas.problem import Shape

_LATENT = {"name": "latent", "datatype": "FP32", "shape": [1, 4]}
_PNG = {"name": "png", "datatype": "BYTES", "shape": [-1]}


class ServerMetadata(Shape):
    """The server."""

    name: str = Field(description="Always `tilescreen`.", examples=["tilescreen"])
    version: str = Field(description="Version of the service.", examples=["0.1.0"])
    extensions: list[str] = Field(
        description="Extensions of the protocol that it knows.", examples=[["binary_tensor_data"]]
    )


class Live(Shape):
    """The process answers."""

    live: bool = Field(description="Always true.", examples=[True])


class ServerReady(Shape):
    """A probe tile has just come back as stored."""

    ready: bool = Field(description="Always true; else the status is 503.", examples=[True])


class ModelReady(ServerReady):
    """The model's probe tile has just come back as stored."""

    name: str = Field(description="The model.", examples=["tilescreen"])


class TensorMetadata(Shape):
    """An input or output."""

    name: str = Field(description="Its name.", examples=["png"])
    datatype: str = Field(description="Type of its elements.", examples=["BYTES"])
    shape: list[int] = Field(description="Its shape; -1 is any length.", examples=[[-1]])


class ModelMetadata(Shape):
    """What the model takes (one of the inputs) and gives."""

    name: str = Field(description="The model.", examples=["tilescreen"])
    versions: list[str] = Field(
        description="Its versions: the id of the bundle.", examples=[["d58c69737ebf73dd"]]
    )
    platform: str = Field(
        description="What runs it: openvino_onnx or onnxruntime_onnx.", examples=["openvino_onnx"]
    )
    inputs: list[TensorMetadata] = Field(
        description="`png`: PNG files. `tiles`: greys of one size. Send one of them.",
        examples=[[_PNG]],
    )
    outputs: list[TensorMetadata] = Field(
        description="One element a tile each. `latent`; `score` of lettering; `verdict`: keep, "
        "review or drop; `error`: code of the problem of a tile without these, else empty.",
        examples=[[{"name": "latent", "datatype": "FP32", "shape": [-1, 4]}]],
    )


class OutputTensor(TensorMetadata):
    """One output."""

    parameters: dict[str, Any] | None = Field(
        description="`binary_data_size`, where it follows the JSON in binary form.",
        examples=[{"binary_data_size": 16}],
        default=None,
    )
    data: list[Any] | None = Field(
        description="Its elements, flat; null for what is no number.",
        examples=[[0.18, 0.14, 0.15, 0.18]],
        default=None,
    )


class InferAnswer(Shape):
    """Outputs for the tiles, in their order."""

    model_name: str = Field(description="The model.", examples=["tilescreen"])
    model_version: str = Field(
        description="Id of the bundle that answered.", examples=["d58c69737ebf73dd"]
    )
    id: str | None = Field(
        description="The request's own id, if it had one.", examples=["42"], default=None
    )
    outputs: list[OutputTensor] = Field(
        description="Those that were asked for, else all.",
        examples=[[{**_LATENT, "data": [0.18, 0.14, 0.15, 0.18]}]],
    )
