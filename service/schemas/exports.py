"""What is exported: boxes, the manifest, the key that signs it."""

from typing import Literal

from pydantic import Field

from service.schemas.problem import Shape
from service.schemas.results import Answer

_HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_SIGNED = {"algorithm": "ed25519", "public_key": _HASH, "value": _HASH * 2}
_FILE = {"sha256": _HASH, "size": 2048}


class CocoInfo(Shape):
    """What the boxes are of."""

    description: str = Field(description="In words.", examples=["Where lettering was found."])
    version: str = Field(description="The bundle, as COCO has it.", examples=["d58c69737ebf73dd"])
    bundle: str = Field(description="Id of the bundle.", examples=["d58c69737ebf73dd"])
    decisions_through: int = Field(description="The last event that counts.", examples=[7])


class CocoCategory(Shape):
    """A reason."""

    id: int = Field(description="Its number.", examples=[1])
    name: str = Field(description="Its code, as in /screen.", examples=["LETTERING"])
    supercategory: str = Field(description="What all of them are.", examples=["artefact"])


class CocoImage(Shape):
    """A stored tile."""

    id: int = Field(description="Its place in the list of tiles, from 1.", examples=[5])
    file_name: str = Field(description="Its id and `.png`.", examples=["c311.png"])
    width: int = Field(description="Pixels of the tile as it was given.", examples=[299])
    height: int = Field(description="Pixels of the tile as it was given.", examples=[299])


class CocoAnnotation(Shape):
    """A box on a tile to drop."""

    id: int = Field(description="Its number, from 1.", examples=[1])
    image_id: int = Field(description="The tile's.", examples=[5])
    category_id: int = Field(description="The reason's.", examples=[1])
    bbox: list[int] = Field(
        description="Left, top, width, height in pixels of the tile.", examples=[[4, 8, 12, 16]]
    )
    area: int = Field(description="Pixels in the box.", examples=[192])
    segmentation: list[list[int]] = Field(
        description="The box as a polygon.", examples=[[[4, 8, 16, 8, 16, 24, 4, 24]]]
    )
    iscrowd: Literal[0] = Field(description="Each box is one thing.", examples=[0])
    score: float = Field(description="Of the reason, in [0, 1].", examples=[0.99])
    by: Literal["decision", "verdict"] = Field(
        description="Whether people decided to drop the tile, or the screening alone did.",
        examples=["decision"],
    )


class CocoBoxes(Shape):
    """Boxes on tiles to drop, in COCO's format."""

    info: CocoInfo = Field(
        description="What they are of.",
        examples=[{n: f.examples[0] for n, f in CocoInfo.model_fields.items() if f.examples}],
    )
    licenses: list[str] = Field(description="None is known.", examples=[[]])
    categories: list[CocoCategory] = Field(
        description="Every reason.",
        examples=[[{"id": 1, "name": "LETTERING", "supercategory": "artefact"}]],
    )
    images: list[CocoImage] = Field(
        description="Every stored tile.",
        examples=[[{"id": 5, "file_name": "c311.png", "width": 299, "height": 299}]],
    )
    annotations: list[CocoAnnotation] = Field(
        description="The boxes.",
        examples=[
            [{n: f.examples[0] for n, f in CocoAnnotation.model_fields.items() if f.examples}]
        ],
    )


class ExportedFile(Shape):
    """What a file of an export must be."""

    sha256: str = Field(description="Of its bytes, in hex.", examples=[_HASH])
    size: int = Field(description="Bytes.", examples=[2048])


class ExportCounts(Shape):
    """What is in an export."""

    tiles: int = Field(description="Stored tiles.", examples=[12])
    keep: int = Field(description="To keep.", examples=[6])
    review: int = Field(description="To look at.", examples=[1])
    drop: int = Field(description="To drop.", examples=[4])
    conflict: int = Field(description="On which reviewers do not agree.", examples=[1])
    by_verdict: int = Field(
        description="On which nobody decided: their state is the verdict.", examples=[9]
    )
    boxes: int = Field(description="Boxes on tiles to drop.", examples=[4])


class ExportSignature(Shape):
    """Over the canonical JSON of the manifest without it."""

    algorithm: Literal["ed25519"] = Field(description="How it was made.", examples=["ed25519"])
    public_key: str = Field(description="32 bytes in hex.", examples=[_HASH])
    value: str = Field(description="64 bytes in hex.", examples=[_HASH * 2])


class ExportManifest(Shape):
    """What belongs to an export, signed: with it a list can be checked later."""

    format: Literal["tilescreen-export-1"] = Field(
        description="Of the export.", examples=["tilescreen-export-1"]
    )
    created: str = Field(description="When, in UTC.", examples=["2026-01-01T00:00:00+00:00"])
    bundle: str = Field(description="Id of the bundle.", examples=["d58c69737ebf73dd"])
    bundle_manifest_sha256: str = Field(
        description="Of the bundle's manifest.json, which has the hashes of all its files.",
        examples=[_HASH],
    )
    files: dict[str, ExportedFile] = Field(
        description="By name.", examples=[{"tiles.csv": _FILE, "boxes.json": _FILE}]
    )
    counts: ExportCounts = Field(
        description="What is in them.",
        examples=[{n: f.examples[0] for n, f in ExportCounts.model_fields.items() if f.examples}],
    )
    decisions_through: int = Field(description="The last event that counts.", examples=[7])
    signature: ExportSignature = Field(
        description="Over the canonical JSON of all the rest: names sorted, no spaces, UTF-8.",
        examples=[_SIGNED],
    )


class ExportKey(Answer):
    """With which everyone can check what this service exports."""

    algorithm: Literal["ed25519"] = Field(description="Of the key.", examples=["ed25519"])
    public_key: str = Field(description="32 bytes in hex.", examples=[_HASH])
