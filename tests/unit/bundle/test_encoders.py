"""The encoder that serves is the one that the manifest's figures, or the user, choose."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from bundle import (
    Bundle,
    BundleDamaged,
    BundleError,
    OnnxEncoder,
    SelfTestFailed,
    choose_precision,
    open_bundle,
    open_encoder,
    openvino_encoder,
    self_test,
)
from bundle.arrays import Tiles
from bundle.encoders import PrecisionChoice
from bundle.manifest import Precision, Rounding
from bundle.openvino_encoder import OpenVinoEncoder, is_installed, multiplies_bfloat16
from tests.forge import reseal
from tests.tiny import tiny_latents, tiny_quantization, tiny_tiles, write_encoder, write_tiny_bundle


@pytest.fixture
def two(tmp_path: Path) -> Bundle:
    """A bundle with both encoders; int8 changes nothing that matters."""
    write_tiny_bundle(tmp_path / "bundle", int8=tiny_quantization())
    return open_bundle(tmp_path / "bundle")


@pytest.mark.parametrize(
    ("wanted", "chosen"), [("auto", "int8"), ("fp32", "fp32"), ("int8", "int8")]
)
def test_the_user_may_choose(two: Bundle, wanted: PrecisionChoice, chosen: Precision) -> None:
    """int8 serves unasked where it is harmless, and either one when it is asked for."""
    assert choose_precision(two, wanted) == chosen


@pytest.mark.parametrize(
    "figures", [{"verdict_flips": 0.002}, {"neighbor_overlap": 0.97}, {"tiles": 5}]
)
def test_int8_that_changes_answers(tmp_path: Path, figures: dict[str, float]) -> None:
    """One figure out of bounds is enough to stay with float; asked for, it serves."""
    write_tiny_bundle(tmp_path / "bundle", int8=tiny_quantization(**figures))
    bundle = open_bundle(tmp_path / "bundle")
    assert choose_precision(bundle, "auto") == "fp32"
    assert choose_precision(bundle, "int8") == "int8"


def test_no_int8_encoder(tiny_bundle: Bundle) -> None:
    """A bundle from before serves float; int8 is refused with what to do."""
    assert choose_precision(tiny_bundle, "auto") == "fp32"
    with pytest.raises(BundleError, match=r"has no int8 encoder\. Fit it anew"):
        choose_precision(tiny_bundle, "int8")


def test_the_encoder_of_the_precision_is_loaded(two: Bundle) -> None:
    """The tiny int8 encoder is off by a thousandth, and so are its latents."""
    tiles = tiny_tiles()
    float_, int8 = (
        open_encoder(two, threads=1, precision="fp32").examine(tiles).latents,
        open_encoder(two, threads=1, precision="int8").examine(tiles).latents,
    )
    np.testing.assert_allclose(float_, tiny_latents(tiles), rtol=1e-5)
    np.testing.assert_allclose(int8, tiny_latents(tiles) * 1.001, rtol=1e-5)


def test_each_precision_has_its_own_tolerance(two: Bundle) -> None:
    """What int8 may differ by is too much for the float encoder."""
    int8 = OnnxEncoder(two.path, threads=1, precision="int8")
    assert 1e-4 < self_test(two, int8, "int8") < 0.04
    with pytest.raises(SelfTestFailed, match=r"allowed is 0\.0001"):
        self_test(two, int8)


def test_a_wrong_int8_encoder_fails(two: Bundle) -> None:
    """The self-test names the file that is wrong."""
    write_encoder(two.path / "encoder-int8.onnx", drift=0.2)
    with pytest.raises(SelfTestFailed, match=r"encoder-int8\.onnx does not give.*is 0\.04"):
        self_test(two, OnnxEncoder(two.path, threads=1, precision="int8"), "int8")


def test_figures_and_file_belong_together(two: Bundle) -> None:
    """Neither figures without the encoder, nor an encoder that nothing is known of."""
    files = two.manifest.model_dump(mode="json")["files"]
    without = {name: entry for name, entry in files.items() if name != "encoder-int8.onnx"}
    reseal(two.path, files=without)
    with pytest.raises(BundleDamaged, match=r"does not list encoder-int8\.onnx"):
        open_bundle(two.path)


def test_a_file_without_figures(two: Bundle, tiny_bundle: Bundle) -> None:
    """An encoder of which nothing is known is no file of a bundle."""
    manifest = two.manifest.model_copy(update={"quantization": None})
    manifest = manifest.model_copy(update={"bundle_id": manifest.expected_id()})
    (two.path / "manifest.json").write_text(manifest.model_dump_json())
    with pytest.raises(BundleDamaged, match=r"'encoder-int8\.onnx', which is no file"):
        open_bundle(two.path)
    assert "quantization" not in tiny_bundle.manifest.model_dump(mode="json")


needs_openvino = pytest.mark.skipif(not is_installed(), reason="needs OpenVINO: make install")
needs_bfloat16 = pytest.mark.skipif(
    not multiplies_bfloat16(), reason="needs OpenVINO and a processor that multiplies bfloat16"
)


@needs_openvino
@pytest.mark.parametrize("maps", [True, False])
def test_openvino_runs_int8(tmp_path: Path, maps: bool) -> None:
    """It gives what ONNX Runtime gives, for any number of tiles; floats stay there."""
    write_tiny_bundle(tmp_path / "bundle", maps=maps, int8=tiny_quantization())
    bundle = open_bundle(tmp_path / "bundle")
    encoder = open_encoder(bundle, threads=2, precision="int8")
    assert isinstance(encoder, OpenVinoEncoder)
    for count in (12, 1, 300, 650):  # two threads share eight and more, at most 256 a run
        tiles = tiny_tiles(count)
        found = encoder.examine(tiles)
        expected = OnnxEncoder(bundle.path, threads=1, precision="int8").examine(tiles)
        for one, other in zip(found, expected, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
    assert isinstance(open_encoder(bundle, threads=1), OnnxEncoder)
    assert self_test(bundle, encoder, "int8") < 0.04


@needs_openvino
def test_what_another_process_proved_of_a_model_is_not_looked_at_again(two: Bundle) -> None:
    """Its state is that of the file: written over, it is looked at, and refused."""
    known = set[bytes]()

    def prove(state: bytes, check: Callable[[], object]) -> None:
        if state not in known:
            check()
            known.add(state)

    for _ in range(2):
        open_encoder(two, precision="int8", prove=prove)
        assert len(known) == 1
    (two.path / "encoder-int8.onnx").write_bytes((two.path / "decoder.onnx").read_bytes())
    with pytest.raises(BundleDamaged, match="another model"):
        open_encoder(two, precision="int8", prove=prove)


@needs_openvino
def test_openvino_refuses_what_is_no_model(tmp_path: Path) -> None:
    """The error names the file."""
    (tmp_path / "encoder.onnx").write_bytes(b"no model")
    with pytest.raises(BundleDamaged, match=r"encoder\.onnx is not a model that can be run"):
        OpenVinoEncoder(tmp_path)


_SIGNALLED = """
import gc, os, signal, sys
from pathlib import Path
from threading import Thread
from bundle.openvino_encoder import OpenVinoEncoder

kept = [OpenVinoEncoder(Path(sys.argv[1]))]
ending = Thread(target=lambda: (kept.clear(), gc.collect()))
ending.start()
ending.join()
signal.signal(signal.SIGTERM, lambda *_: print("handled"))
os.kill(os.getpid(), signal.SIGTERM)
"""


@needs_openvino
def test_a_signal_is_handled_after_openvino_ran(two: Bundle) -> None:
    """Its end once left the main thread a stack for signal handlers that was gone: a crash."""
    run = subprocess.run(
        [sys.executable, "-c", _SIGNALLED, str(two.path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout) == (0, "handled\n"), run.stderr


@pytest.fixture
def halved(tmp_path: Path) -> Bundle:
    """A bundle with an encoder for bfloat16, and one in int8 that changes too much."""
    write_tiny_bundle(
        tmp_path / "halved",
        int8=tiny_quantization(neighbor_overlap=0.9),
        bf16=Rounding.model_validate(tiny_quantization().model_dump(exclude={"calibration_tiles"})),
    )
    return open_bundle(tmp_path / "halved")


@needs_bfloat16
def test_bfloat16_serves_where_int8_changes_too_much(halved: Bundle) -> None:
    """It is the second choice, in OpenVINO, within its own tolerance."""
    assert choose_precision(halved, "auto") == choose_precision(halved, "bf16") == "bf16"
    encoder = open_encoder(halved, threads=1, precision="bf16")
    assert isinstance(encoder, OpenVinoEncoder)
    assert self_test(halved, encoder, "bf16") < 0.04


@pytest.mark.skipif(multiplies_bfloat16(), reason="bfloat16 can run here")
def test_bfloat16_that_cannot_run_here(halved: Bundle) -> None:
    """Float serves, and asking for the other is refused with what it takes."""
    assert choose_precision(halved, "auto") == "fp32"
    with pytest.raises(BundleError, match="takes OpenVINO and a processor"):
        choose_precision(halved, "bf16")


def test_no_bfloat16_encoder(two: Bundle) -> None:
    """A bundle from before is told what to do."""
    with pytest.raises(BundleError, match=r"has no bf16 encoder\. Fit it anew"):
        choose_precision(two, "bf16")


@needs_openvino
def test_openvino_reports_to_nobody(tmp_path: Path) -> None:
    """Its telemetry module is not loaded, even where it is installed."""
    write_encoder(tmp_path / "encoder.onnx", maps=False)
    (tmp_path / "openvino_telemetry.py").write_text("raise SystemExit('it reports')")
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from pathlib import Path; "
        "from bundle.openvino_encoder import OpenVinoEncoder; "
        f"OpenVinoEncoder(Path({str(tmp_path)!r}), threads=1); print('quiet')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "quiet\n", done.stderr


def test_openvino_that_cannot_be_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told in a sentence, with what to do; a traceback says neither."""

    def failing(name: str) -> None:
        raise ImportError(f"{name} wants libtbb.so.12")

    monkeypatch.setattr(openvino_encoder, "import_module", failing)
    with pytest.raises(BundleError, match=r"cannot be loaded \(.*libtbb.*pip uninstall openvino"):
        openvino_encoder.load()


def test_a_gpu_is_used_where_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked for before the processor, and floats serve; nothing here shows that one runs."""
    write_tiny_bundle(tmp_path / "bundle", int8=tiny_quantization())
    bundle = open_bundle(tmp_path / "bundle")
    there = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    asked: list[list[str]] = []
    real = onnxruntime.InferenceSession

    def session(
        model: str, options: object, providers: list[tuple[str, object]]
    ) -> onnxruntime.InferenceSession:
        asked.append([name for name, _ in providers])
        return real(model, options, providers=providers[-1:])

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: there)
    monkeypatch.setattr(onnxruntime, "InferenceSession", session)
    assert choose_precision(bundle, "auto") == "fp32"
    open_encoder(bundle, threads=1)
    assert asked == [there]


def test_a_gpu_does_all_tiles_in_one_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tiny_bundle(tmp_path / "bundle")
    runs: list[int] = []

    class OnGpu(onnxruntime.InferenceSession):  # type: ignore[misc]  # onnxruntime has no types
        def get_providers(self) -> list[str]:
            return ["CUDAExecutionProvider", *super().get_providers()]

        def run(self, names: object, given: dict[str, Tiles]) -> list[NDArray[np.float32]]:
            runs.extend(map(len, given.values()))
            answer: list[NDArray[np.float32]] = super().run(names, given)
            return answer

    tiles = tiny_tiles(32)
    here = OnnxEncoder(tmp_path / "bundle", threads=2).encode(tiles)
    monkeypatch.setattr(onnxruntime, "InferenceSession", OnGpu)
    there = OnnxEncoder(tmp_path / "bundle", threads=2).encode(tiles)
    assert runs == [32]
    np.testing.assert_allclose(there, here, rtol=1e-5)


def test_threads_do_not_spin_between_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They would hold the core of who sends the next tile, which then waits three times as long."""
    write_tiny_bundle(tmp_path / "bundle")
    asked: list[onnxruntime.SessionOptions] = []
    real = onnxruntime.InferenceSession

    def session(
        model: str, options: onnxruntime.SessionOptions, providers: object
    ) -> onnxruntime.InferenceSession:
        asked.append(options)
        return real(model, options, providers=providers)

    monkeypatch.setattr(onnxruntime, "InferenceSession", session)
    OnnxEncoder(tmp_path / "bundle", threads=2)
    assert [one.get_session_config_entry("session.force_spinning_stop") for one in asked] == 2 * [
        "1"
    ]


class Runs:
    """An encoder of tiles with 256 pixels that notes how long its runs are."""

    def __init__(self, folder: Path, threads: int) -> None:
        write_encoder(folder / "encoder.onnx", maps=False)
        self.encoder, self.seen = OpenVinoEncoder(folder, threads=threads), list[int]()
        self._together, self._queue = self.encoder._together, self.encoder._queue
        self.encoder._together = self._noted  # type: ignore[method-assign]
        self.encoder._queue = self

    def _noted(self, piece: Tiles) -> list[NDArray[np.float32]]:
        self.seen.append(len(piece))
        return self._together(piece)

    def start_async(self, inputs: list[Tiles], place: object) -> None:
        """Stand for the queue of runs side by side."""
        self.seen.append(len(inputs[0]))
        self._queue.start_async(inputs, place)

    def wait_all(self) -> None:
        """Wait for all of them."""
        self._queue.wait_all()


@needs_openvino
@pytest.mark.parametrize(
    ("threads", "count", "sizes"),
    [
        (1, 1, [1]),
        (1, 5, [2, 2, 1]),
        (2, 7, [5, 2]),  # together: a piece is longer
        (2, 9, [2, 2, 2, 2, 1]),  # side by side
    ],
)
def test_a_run_is_as_long_as_its_tiles_are_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, threads: int, count: int, sizes: list[int]
) -> None:
    """So many pixels are looked at at once, whatever a tile has of them."""
    monkeypatch.setattr(openvino_encoder, "_SHORT", 600)
    monkeypatch.setattr(openvino_encoder, "_PIECE", 1200)
    runs, tiles = Runs(tmp_path, threads), tiny_tiles(count)
    found = runs.encoder.encode(tiles)
    assert runs.seen == sizes
    expected = OnnxEncoder(tmp_path, threads=1).encode(tiles)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@needs_openvino
@pytest.mark.parametrize("count", [8, 9, 31])
def test_few_small_tiles_leave_no_thread_idle(tmp_path: Path, count: int) -> None:
    """Runs that would hold them all in one are cut into a share for each thread."""
    runs = Runs(tmp_path, threads=2)
    runs.encoder.encode(tiny_tiles(count))
    assert runs.seen == [-(-count // 2), count // 2]


_PRELOADS = """
import os
from bundle import encoders, openvino_encoder
openvino_encoder.load()
before = len(os.listdir("/proc/self/task"))
encoders.load_runtimes("auto")
print(len(os.listdir("/proc/self/task")) - before)
maps = open("/proc/self/maps").read()
print("intel_cpu_plugin" in maps, "onnx_frontend" in maps)
"""


@needs_openvino
def test_runtimes_are_loaded_without_a_thread() -> None:
    """None would outlive the fork that the loading is for."""
    done = subprocess.run(
        [sys.executable, "-c", _PRELOADS], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["0", "True", "True"]
