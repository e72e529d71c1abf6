"""What the autoencoder makes of a latent, for pages that show it."""

from functools import cached_property, partial

import numpy as np

from bundle import Bundle, OnnxDecoder
from bundle.arrays import Latents, Tiles
from bundle.errors import BundleDamaged, naming
from bundle.reader import Prove, state_of
from service.bundles.seal import Seal

_FILE = "decoder.onnx"


class Decoder:
    """The bundle's decoder, loaded when it is first asked: few ask, and it takes 5 MiB."""

    def __init__(self, bundle: Bundle, seal: Seal, *, threads: int, prove: Prove) -> None:
        """Prove that it can be loaded, as in `bundle.open_encoder`.

        Raises:
            BundleDamaged: the file is not a model that can be run, or is another one.
        """
        self._folder, self._seal, self._threads = bundle.path, seal, threads
        self._size = bundle.manifest.files[_FILE].size
        prove_decoder(bundle, prove)

    def decode(self, latents: Latents) -> Tiles:
        """(n, d) float32 latents -> (n, side, side) uint8 pictures."""
        return self._model.decode(latents)

    @cached_property
    def _model(self) -> OnnxDecoder:
        # Not from the folder, where another bundle may be by now.
        content = self._seal.read(_FILE, 0, self._size)
        return OnnxDecoder(self._folder, threads=self._threads, content=content)


def prove_decoder(bundle: Bundle, prove: Prove) -> None:
    """Prove that the bundle's decoder makes pictures of the probes' latents; nothing of it stays.

    Raises:
        BundleDamaged: the file is not a model that can be run, or is another one.
    """
    prove(b"model" + state_of(bundle.path / _FILE), partial(_try, bundle))


def _try(bundle: Bundle) -> None:
    with naming(bundle.path):
        decoder = OnnxDecoder(bundle.path, threads=1)
        latents = np.array(bundle.arrays["probe_latents.npy"])
        side = bundle.manifest.preprocessing.side
        for some in (latents[:1], latents[:2]):
            try:
                found = decoder.decode(some).shape
            except Exception as error:  # the runtime's classes have no base of their own
                reason = str(error).rstrip(".\n")
                raise BundleDamaged(f"{_FILE} cannot decode the latents: {reason}.") from error
            if found != (len(some), side, side):
                raise BundleDamaged(f"{_FILE} gives pictures of shape {found}, not of side {side}.")
