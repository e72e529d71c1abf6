"""From a scan file to an 8-bit grey picture, whatever format it comes in.

Scans are whole films; tiles are cut from them and never read here (bundle.preprocess
does that). Stored values are taken as they are: display settings of a DICOM file (window
centre, VOI look-up table, rescale slope) are not applied, as the study did not.
"""

import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, UnidentifiedImageError
from pydicom import Dataset, dcmread
from pydicom.errors import InvalidDicomError
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.utils import pixel_array

from bundle.arrays import Grey
from bundle.errors import InputError

SixteenBit: TypeAlias = Literal["divide", "scale"]
"""How more than 8 bits become 8: keep the upper eight, or stretch the scan's own range."""

PICTURE_SUFFIXES = frozenset({".png", ".tif", ".tiff", ".pgm", ".jpg", ".jpeg", ".gif"})
DICOM_SUFFIXES = frozenset({".dcm", ".dicom"})
MAX_PIXELS = 2**27
"""Most pixels of a scan, five times a large film; the header decides, before decoding."""

_FORMATS = ["PNG", "TIFF", "PPM", "JPEG", "GIF"]
_WHITE_IS_ZERO = 0  # TIFF's PhotometricInterpretation (tag 262), what DICOM calls MONOCHROME1
_PHOTOMETRIC = 262


@dataclass(frozen=True)
class Film:
    """One scan as read.

    grey: (height, width) uint8, 0 black.
    patient_id: DICOM's PatientID as it stands in the file, None when there is none.
    note: what the user should know about how it was read, None mostly.
    """

    grey: Grey = field(repr=False)
    patient_id: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class _Stored:
    """Pixels as stored: (height, width) unsigned, `bits` of them used, white low or high."""

    pixels: NDArray[Any]
    bits: int
    inverted: bool = False
    patient_id: str | None = None


def is_dicom(path: Path) -> bool:
    """Tell DICOM by its magic, as such files often have no suffix or that of a UID."""
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM"


def read_scan(path: Path, sixteen_bit: SixteenBit = "divide") -> Film:
    """Read a scan: DICOM, PNG, TIFF, PGM, JPEG or GIF, 8 or 16 bits, to 8-bit grey.

    `divide` keeps the upper eight of the bits that are used: `// 256`, the study's rule,
    for 16 bits, and `// 16` for DICOM that says BitsStored 12 (`// 256` would leave it
    black). `scale` stretches the scan's darkest and brightest value to 0 and 255.
    Colour becomes luma, alpha is laid over black, white-is-zero films are turned round.

    Raises:
        InputError: the file cannot be read as one grey picture; the sentence says why.
    """
    try:
        with warnings.catch_warnings():
            # Oddities in tags are common and harmless: what counts is the pixels.
            warnings.simplefilter("ignore")
            dicom = path.suffix.lower() in DICOM_SUFFIXES or is_dicom(path)
            stored = _read_dicom(path) if dicom else _read_picture(path)
    except (InvalidDicomError, UnidentifiedImageError) as error:
        raise InputError("It is no DICOM, PNG, TIFF, PGM, JPEG or GIF file.") from error
    except Image.DecompressionBombError as error:
        raise InputError(f"It has more than {MAX_PIXELS:,} pixels, too many.") from error
    except MemoryError as error:
        raise InputError("It does not fit into memory; use fewer --workers.") from error
    except InputError:
        raise
    except Exception as error:  # a border: decoders raise whatever they like
        raise InputError(f"It cannot be read: {_reason(error)}.") from error
    return _film(stored, sixteen_bit)


def _read_dicom(path: Path) -> _Stored:
    dataset = dcmread(path)
    if "PixelData" not in dataset:
        raise InputError("It is DICOM, but holds no picture or ends within it.")
    _check_frames(int(dataset.get("NumberOfFrames") or 1))
    _check_pixels(int(dataset.Columns), int(dataset.Rows))
    kind = str(dataset.PhotometricInterpretation)
    bits = int(dataset.BitsStored)
    _check_decoder(dataset)
    pixels = pixel_array(dataset)
    if pixels.ndim == 3 and kind.startswith(("RGB", "YBR")) and bits == 8:  # noqa: PLR2004
        pixels, kind = np.asarray(Image.fromarray(pixels).convert("L")), "MONOCHROME2"
    if kind not in ("MONOCHROME1", "MONOCHROME2") or pixels.ndim != 2:  # noqa: PLR2004
        raise InputError(f"Its pixels are {kind} of {bits} bits; export it as grey DICOM or PNG.")
    if dataset.PixelRepresentation:
        pixels = pixels.astype(np.int64) + (1 << (bits - 1))
    return _Stored(pixels, bits, kind == "MONOCHROME1", _patient_id(dataset))


def _check_decoder(dataset: Dataset) -> None:
    syntax = dataset.file_meta.TransferSyntaxUID
    if syntax.is_compressed and not get_decoder(syntax).is_available:
        raise InputError(
            f"It is compressed as {syntax.name}, for which no decoder is installed; install "
            "pylibjpeg with its plug-ins, or save it without compression."
        )


def _patient_id(dataset: Dataset) -> str | None:
    return str(dataset.get("PatientID") or "").strip() or None


def _read_picture(path: Path) -> _Stored:
    with Image.open(path, formats=_FORMATS) as image:
        _check_frames(getattr(image, "n_frames", 1))
        _check_pixels(*image.size)
        # Pillow turns white-is-zero TIFF round at up to 8 bits, but not above.
        tags = getattr(image, "tag_v2", {})
        inverted = image.mode.startswith("I") and tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO
        image.load()
        if image.mode.startswith("I"):
            return _Stored(_sixteen_bit_pixels(image), 16, inverted)
        if image.mode == "F":
            raise InputError("Its pixels are floating-point numbers; export it with 8 or 16 bits.")
        return _Stored(np.asarray(_luma(image)), 8)


def _sixteen_bit_pixels(image: Image.Image) -> NDArray[Any]:
    pixels = np.asarray(image)
    low, high = int(pixels.min()), int(pixels.max())
    if low < 0 or high > 65535:  # noqa: PLR2004
        raise InputError(f"Its grey values go from {low} to {high}; export it with 8 or 16 bits.")
    return pixels.astype(np.uint16)


def _luma(image: Image.Image) -> Image.Image:
    if "transparency" in image.info:
        image = image.convert("RGBA")
    if image.mode not in ("LA", "RGBA", "PA"):
        return image.convert("L")
    if image.mode == "PA":
        image = image.convert("RGBA")
    # Grey times alpha is the picture over black, without a second picture in colour.
    return ImageChops.multiply(image.convert("L"), image.getchannel("A"))


def _check_frames(frames: int) -> None:
    if frames != 1:
        raise InputError(f"It holds {frames} pictures; save the one that is meant by itself.")


def _check_pixels(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise InputError(f"It is {width} x {height} pixels; at most {MAX_PIXELS:,} are read.")


def _film(stored: _Stored, sixteen_bit: SixteenBit) -> Film:
    bits, note = stored.bits, None
    pixels = np.minimum(stored.pixels, (1 << bits) - 1)  # some DICOM files overstep BitsStored
    low, high = int(pixels.min()), int(pixels.max())
    if bits <= 8:  # noqa: PLR2004
        grey = (pixels.astype(np.uint16) * 255 // ((1 << bits) - 1)).astype(np.uint8)
    elif sixteen_bit == "scale":
        span = max(high - low, 1)
        grey = ((pixels.astype(np.int64) - low) * 255 // span).astype(np.uint8)
    else:
        grey = (pixels >> (bits - 8)).astype(np.uint8)
        if high >> (bits - 4) == 0:
            note = (
                f"its brightest value is {high} of {(1 << bits) - 1}, so its tiles are nearly "
                "black: perhaps 12 bits stored as 16; try --sixteen-bit scale"
            )
    return Film(255 - grey if stored.inverted else grey, stored.patient_id, note)


def _reason(error: Exception) -> str:
    system = error.strerror if isinstance(error, OSError) else None
    text = system or str(error).strip() or type(error).__name__
    return text.splitlines()[0].rstrip(".")[:200]
