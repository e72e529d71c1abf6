"""A plain FastAPI application round an encoder, as thousands are written.

    python -m benchmarks.serving.peers.plain_fastapi {keras,savedmodel,onnx} MODEL PORT

Handlers are plain functions, which FastAPI runs on threads; a request with many tiles is one
batch of the model. No batching across requests.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import uvicorn
from fastapi import Body, FastAPI, File

from benchmarks.serving.peers.tiles import decode, for_keras

Predict = Callable[[list[Any]], Any]


def keras(folder: Path) -> Predict:
    """Return the study's way: `model.predict`."""
    from keras import models  # noqa: PLC0415  only this variant has it

    model = models.load_model(folder / "encoder.keras")
    return lambda tiles: model.predict(for_keras(tiles), verbose=0)


def savedmodel(folder: Path) -> Predict:
    """Return the exported graph, called as it is."""
    import tensorflow as tf  # noqa: PLC0415  only this variant has it

    model = tf.saved_model.load(str(folder / "saved_model"))
    return lambda tiles: model.serve(tf.constant(for_keras(tiles))).numpy()


def onnx(folder: Path) -> Predict:
    """Return ONNX Runtime."""
    import numpy as np  # noqa: PLC0415  beside the other imports of a variant

    from benchmarks.serving.peers.onnx_model import OnnxModel  # noqa: PLC0415

    model = OnnxModel(str(folder))
    return lambda tiles: model.encode(np.stack(tiles))


def create_app(predict: Predict) -> FastAPI:
    """Return the application."""
    app = FastAPI()

    @app.get("/livez")
    async def livez() -> str:
        return "ok"

    @app.post("/encode")
    def encode(tile: Annotated[bytes, Body(media_type="image/png")]) -> dict[str, list[float]]:
        return {"latent": predict([decode(tile)])[0].tolist()}

    @app.post("/encode-many")
    def encode_many(files: Annotated[list[bytes], File()]) -> dict[str, list[list[float]]]:
        return {"latents": predict([decode(file) for file in files]).tolist()}

    return app


if __name__ == "__main__":
    _, variant, model, port = sys.argv
    made = {"keras": keras, "savedmodel": savedmodel, "onnx": onnx}[variant](Path(model))
    uvicorn.run(create_app(made), port=int(port), log_level="warning")
