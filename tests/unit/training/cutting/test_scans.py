"""Reading scans: what each format becomes, and which sentence a useless file gets."""

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.encaps import encapsulate
from pydicom.uid import JPEGBaseline8Bit, JPEGLosslessSV1

from bundle.errors import InputError
from tests.films import film, write_dicom, write_png
from training.cutting.scans import read_scan

WIDE = np.linspace(0, 65535, 1600).astype(np.uint16).reshape(40, 40)


@pytest.mark.parametrize("suffix", ["png", "tif", "tiff", "pgm", "gif"])
def test_eight_bit_pictures_are_read_as_they_are(suffix: str, tmp_path: Path) -> None:
    """A lossless 8-bit picture gives the grey values that were saved."""
    path = write_png(tmp_path / f"scan.{suffix}")
    np.testing.assert_array_equal(read_scan(path).grey, film())


def test_jpeg_is_read_within_its_loss(tmp_path: Path) -> None:
    """A JPEG gives the picture but for the rounding of its compression."""
    path = write_png(tmp_path / "scan.JPG", np.full((40, 40), 90, np.uint8))
    assert abs(read_scan(path).grey.astype(int) - 90).max() <= 1


@pytest.mark.parametrize("suffix", ["png", "tif", "pgm"])
def test_sixteen_bit_pictures_are_divided_by_256(suffix: str, tmp_path: Path) -> None:
    """16 bits become 8 by the study's integer division, not by rounding."""
    film16 = read_scan(write_png(tmp_path / f"scan.{suffix}", WIDE))
    np.testing.assert_array_equal(film16.grey, WIDE // 256)
    assert film16.note is None


def test_scaling_uses_the_scans_own_range(tmp_path: Path) -> None:
    """`scale` takes the darkest value to 0 and the brightest to 255."""
    path = write_png(tmp_path / "scan.png", (WIDE // 32 + 100).astype(np.uint16))
    grey = read_scan(path, "scale").grey
    assert (grey.min(), grey.max()) == (0, 255)


def test_twelve_bits_in_a_sixteen_bit_png_are_pointed_out(tmp_path: Path) -> None:
    """A picture that // 256 leaves nearly black is read, with a note that says so."""
    read = read_scan(write_png(tmp_path / "scan.png", WIDE // 16))
    assert read.grey.max() <= 15
    assert read.note is not None
    assert "try --sixteen-bit scale" in read.note


def test_white_is_zero_tiff_of_sixteen_bits_is_turned_round(tmp_path: Path) -> None:
    """A TIFF whose 0 is white is read with 0 as black, at 16 bits as at 8."""
    path = tmp_path / "scan.tif"
    Image.fromarray(WIDE).save(path, tiffinfo={262: 0})
    np.testing.assert_array_equal(read_scan(path).grey, 255 - WIDE // 256)


def test_alpha_is_laid_over_black(tmp_path: Path) -> None:
    """A transparent pixel is black film, whatever colour it hides."""
    pixels = np.full((40, 40, 4), 200, np.uint8)
    pixels[..., 3] = 255
    pixels[:20, :, 3] = 0
    grey = read_scan(write_png(tmp_path / "scan.png", pixels)).grey
    assert grey[:20].max() == 0
    assert grey[20:].min() == 200


def test_dicom_of_sixteen_bits_is_divided_by_256(tmp_path: Path) -> None:
    """DICOM that uses all 16 bits is treated as the study treated it."""
    read = read_scan(write_dicom(tmp_path / "scan.dcm", WIDE, PatientID="P_1 "))
    np.testing.assert_array_equal(read.grey, WIDE // 256)
    assert read.patient_id == "P_1"


def test_dicom_of_eight_bits_without_suffix(tmp_path: Path) -> None:
    """DICOM is told by its first bytes, and without PatientID the patient is not known."""
    read = read_scan(write_dicom(tmp_path / "IM0001", film()))
    np.testing.assert_array_equal(read.grey, film())
    assert read.patient_id is None


def test_dicom_of_twelve_bits_keeps_its_upper_eight(tmp_path: Path) -> None:
    """BitsStored 12 divides by 16: // 256 would leave the film black."""
    path = write_dicom(tmp_path / "scan.dcm", WIDE // 16, BitsStored=12)
    np.testing.assert_array_equal(read_scan(path).grey, WIDE // 256)


def test_monochrome1_is_turned_round(tmp_path: Path) -> None:
    """MONOCHROME1 means that 0 is white."""
    path = write_dicom(tmp_path / "scan.dcm", WIDE, PhotometricInterpretation="MONOCHROME1")
    np.testing.assert_array_equal(read_scan(path).grey, 255 - WIDE // 256)


def test_signed_dicom_begins_at_black(tmp_path: Path) -> None:
    """The lowest signed value is black and the highest white."""
    path = write_dicom(tmp_path / "scan.dcm", (WIDE.astype(np.int32) - 32768).astype(np.int16))
    np.testing.assert_array_equal(read_scan(path).grey, WIDE // 256)


def test_rle_dicom_equals_the_plain_one(tmp_path: Path) -> None:
    """RLE, the compression of the demo scans, is read without further packages."""
    path = write_dicom(tmp_path / "scan.dcm", WIDE, rle=True)
    np.testing.assert_array_equal(read_scan(path).grey, WIDE // 256)


def test_colour_dicom_becomes_luma(tmp_path: Path) -> None:
    """A colour capture of a grey film gives the grey film."""
    path = write_dicom(
        tmp_path / "scan.dcm",
        film(),
        PixelData=film()[..., None].repeat(3, 2).tobytes(),
        SamplesPerPixel=3,
        PlanarConfiguration=0,
        PhotometricInterpretation="RGB",
    )
    np.testing.assert_array_equal(read_scan(path).grey, film())


@pytest.mark.parametrize(
    ("tags", "sentence"),
    [
        ({"NumberOfFrames": 2, "PixelData": WIDE.tobytes() * 2}, "It holds 2 pictures; save the"),
        ({"Rows": 60000, "Columns": 60000}, "It is 60000 x 60000 pixels; at most 134,217,728"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "Its pixels are PALETTE COLOR of 16 bits"),
        ({"PixelData": WIDE.tobytes()[:99]}, "It cannot be read: .*(99|length|less)"),
    ],
)
def test_useless_dicom_is_refused(tags: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    """DICOM with several frames, too many pixels, a palette or a short end says so."""
    with pytest.raises(InputError, match=sentence):
        read_scan(write_dicom(tmp_path / "scan.dcm", WIDE, **tags))


def test_dicom_without_a_picture_is_refused(tmp_path: Path) -> None:
    """A report is DICOM, too, but no scan."""
    path = write_dicom(tmp_path / "scan.dcm", WIDE)
    dataset = dcmread(path)
    del dataset.PixelData
    dataset.save_as(path)
    with pytest.raises(InputError, match="holds no picture or ends within it"):
        read_scan(path)


def test_dicom_of_a_compression_without_decoder_names_it(tmp_path: Path) -> None:
    """Where a plug-in is missing the sentence tells which compression needs one."""
    path = write_dicom(tmp_path / "scan.dcm", WIDE, rle=True)
    dataset = dcmread(path)
    dataset.file_meta.TransferSyntaxUID = JPEGLosslessSV1
    dataset.save_as(path)
    with pytest.raises(InputError, match=r"JPEG Lossless.*no decoder is installed"):
        read_scan(path)


@pytest.mark.parametrize("suffix", ["png", "dcm", "tif"])
def test_text_is_no_scan_whatever_its_suffix(suffix: str, tmp_path: Path) -> None:
    """The content decides: text called .png is refused by a sentence."""
    path = tmp_path / f"scan.{suffix}"
    path.write_text("film 7 is missing, see the other box" * 9)
    with pytest.raises(InputError, match="It is no DICOM, PNG, TIFF"):
        read_scan(path)


@pytest.mark.parametrize("suffix", ["png", "tif", "jpg"])
def test_truncated_picture_is_refused(suffix: str, tmp_path: Path) -> None:
    """A file that ends early gives no half picture."""
    path = write_png(tmp_path / f"scan.{suffix}")
    path.write_bytes(path.read_bytes()[:-700])
    with pytest.raises(InputError, match=r"It cannot be read|It is no DICOM"):
        read_scan(path)


def test_animated_gif_is_refused(tmp_path: Path) -> None:
    """It is not clear which of several pictures is the scan."""
    first, second = (Image.fromarray(film(seed=seed)) for seed in (1, 2))
    first.save(tmp_path / "scan.gif", save_all=True, append_images=[second])
    with pytest.raises(InputError, match="It holds 2 pictures"):
        read_scan(tmp_path / "scan.gif")


def test_huge_picture_is_refused_by_its_header(tmp_path: Path) -> None:
    """A picture of 12,000 x 12,000 is refused before its pixels are decoded."""
    path = tmp_path / "scan.png"
    Image.new("1", (12_000, 12_000)).save(path)
    with pytest.raises(InputError, match="12000 x 12000 pixels; at most 134,217,728"):
        read_scan(path)


def test_pixel_bomb_is_refused(tmp_path: Path) -> None:
    """What Pillow itself takes for a bomb gets our sentence."""
    path = tmp_path / "scan.pgm"
    path.write_bytes(b"P5 90000 90000 255\n" + b"\0" * 99)
    with pytest.raises(InputError, match="more than 134,217,728 pixels"):
        read_scan(path)


@pytest.mark.parametrize(
    ("pixels", "sentence"),
    [
        (WIDE.astype(np.float32), "Its pixels are floating-point numbers"),
        (WIDE.astype(np.int32) * 9, "Its grey values go from 0 to .*; export it with 8 or 16"),
    ],
)
def test_numbers_beyond_sixteen_bits_are_refused(
    pixels: Any, sentence: str, tmp_path: Path
) -> None:
    """TIFFs of floats or 32 bits hold no grey level that the recipe knows."""
    with pytest.raises(InputError, match=sentence):
        read_scan(write_png(tmp_path / "scan.tif", pixels))


def test_jpeg_dicom_is_read(tmp_path: Path) -> None:
    """JPEG within DICOM needs no further package."""
    stream = BytesIO()
    Image.fromarray(np.full((40, 40), 90, np.uint8)).save(stream, "JPEG")
    path = write_dicom(tmp_path / "scan.dcm", film())
    dataset = dcmread(path)
    dataset.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    dataset.PixelData = encapsulate([stream.getvalue()])
    dataset["PixelData"].is_undefined_length = True
    dataset.save_as(path)
    assert abs(read_scan(path).grey.astype(int) - 90).max() <= 1
