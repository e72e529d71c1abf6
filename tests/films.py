"""Scan files for tests: small pictures of tissue and lettering, and DICOM around an array."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, RLELossless, SecondaryCaptureImageStorage

SIDE = 40


def film(height: int = SIDE, width: int = SIDE, seed: int = 3) -> NDArray[np.uint8]:
    """Return a (height, width) uint8 scan: left half grey noise, right half black."""
    grey = np.random.default_rng(seed).integers(60, 200, (height, width), dtype=np.uint8)
    grey[:, width // 2 :] = 0
    return grey


def write_png(path: Path, pixels: NDArray[Any] | None = None) -> Path:
    """Write a picture, of the suffix's format, with its folders; `film()` by default."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(film() if pixels is None else pixels).save(path)
    return path


def write_dicom(path: Path, pixels: NDArray[Any], *, rle: bool = False, **tags: Any) -> Path:
    """Write an array as a grey DICOM file with just the tags that a reader needs."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    meta.MediaStorageSOPInstanceUID = UID("1.2.3")
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset(str(path), {}, file_meta=meta, preamble=b"\0" * 128)
    bits = pixels.dtype.itemsize * 8
    dataset.Rows, dataset.Columns = pixels.shape[-2:]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = bits
    dataset.PixelRepresentation = int(pixels.dtype.kind == "i")
    dataset.PixelData = pixels.tobytes()
    dataset["PixelData"].VR = "OB" if bits == 8 else "OW"
    for name, value in tags.items():
        setattr(dataset, name, value)
    dataset.HighBit = dataset.BitsStored - 1
    if rle:
        dataset.compress(RLELossless, generate_instance_uid=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    return path
