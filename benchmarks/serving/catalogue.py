"""Who serves: our service and the peers, and what each needs."""

from dataclasses import dataclass

from benchmarks.environments import Environment
from benchmarks.serving import payloads
from benchmarks.serving.payloads import Question


@dataclass(frozen=True)
class Contender:
    """One server of an encoder.

    key: names its figures.
    command: what follows the interpreter; {model} and {port} are filled in.
    ready, live: paths that answer 200 when it can serve, and while it lives.
    single: asks about one tile. many: about 64 at once; None where its documents know of no such.
    tensorflow: it runs TensorFlow.
    """

    key: str
    title: str
    environment: Environment
    command: tuple[str, ...]
    ready: str
    live: str
    single: Question
    many: Question | None
    tensorflow: bool = False

    @property
    def ours(self) -> bool:
        """Tell whether this is our service."""
        return not self.environment.packages


@dataclass(frozen=True)
class Unable:
    """A peer that cannot serve this encoder, and why."""

    key: str
    title: str
    reason: str


_PEERS = "benchmarks.serving.peers."
_OWN = Environment("own")
_TENSORFLOW = Environment(
    "tensorflow",
    (
        "tensorflow-cpu==2.21.0",
        "fastapi==0.165.0",
        "uvicorn[standard]==0.54.0",
        "python-multipart",
        "pillow==13.0.0",
    ),
)
_ONNX = ("onnxruntime==1.32.0", "pillow==13.0.0")


def _own(profile: str) -> Contender:
    command = ("-m", "service", "--bundle", "{model}", "--port", "{port}", "--log-level", "warning")
    return Contender(
        f"tilescreen-{profile}",
        f"Tilescreen, `{profile}`",
        _OWN,
        command,
        "/readyz",
        "/livez",
        payloads.OURS_ONE,
        payloads.OURS_MANY,
    )


def _plain(variant: str, title: str, environment: Environment) -> Contender:
    return Contender(
        f"fastapi-{variant}",
        title,
        environment,
        ("-m", f"{_PEERS}plain_fastapi", variant, "{model}", "{port}"),
        "/livez",
        "/livez",
        payloads.PLAIN_ONE,
        payloads.PLAIN_MANY,
        tensorflow=environment is _TENSORFLOW,
    )


OURS = (_own("study"), _own("default"))
PEERS = (
    _plain("keras", "FastAPI + Keras `predict` (the study's way)", _TENSORFLOW),
    _plain("savedmodel", "FastAPI + TF SavedModel", _TENSORFLOW),
    _plain(
        "onnx",
        "FastAPI + ONNX Runtime",
        Environment(
            "fastapi-onnx",
            (*_ONNX, "fastapi==0.165.0", "uvicorn[standard]==0.54.0", "python-multipart"),
        ),
    ),
    Contender(
        "litserve",
        "LitServe",
        Environment("litserve", ("litserve==0.2.19", "python-multipart", *_ONNX)),
        ("-m", f"{_PEERS}litserve_encoder", "{model}", "{port}"),
        "/health",
        "/health",
        payloads.LITSERVE_ONE,
        None,
    ),
    Contender(
        "bentoml",
        "BentoML",
        Environment("bentoml", ("bentoml==1.4.40", *_ONNX)),
        ("-m", f"{_PEERS}bentoml_encoder", "{model}", "{port}"),
        "/readyz",
        "/livez",
        payloads.BENTOML,
        payloads.BENTOML,
    ),
    Contender(
        "mlserver",
        "MLServer",
        # Later versions of uvloop give its workers no event loop.
        Environment("mlserver", ("mlserver==1.7.1", "uvloop==0.21.0", *_ONNX)),
        ("-m", f"{_PEERS}mlserver_encoder", "{model}", "{port}"),
        "/v2/models/encoder/ready",
        "/v2/health/live",
        payloads.MLSERVER,
        payloads.MLSERVER,
    ),
)
UNABLE = (
    Unable(
        "infinity",
        "Infinity",
        "It serves Hugging Face models that its config.json names as text, CLIP-like or audio "
        "models, through Transformers and PyTorch; a Keras or ONNX encoder of pictures alone is "
        "none, and would have to be rewritten as a CLIP model with a tokenizer it does not have.",
    ),
)
