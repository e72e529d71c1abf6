"""Where tiles are, and what clusters are called."""

from typing import Annotated

from pydantic import Field, StringConstraints

from service.requests.invalid import WHOLE
from service.schemas.decisions import Sent
from service.schemas.results import Answer

_Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=80, pattern=WHOLE)]


class MapIds(Answer):
    """The ids of all stored tiles, in the order of the map's columns."""

    ids: list[str] = Field(description="Ascending.", examples=[["c300", "c303"]])


class NewName(Sent):
    """What to call a cluster."""

    name: _Name = Field(
        description="Its name; an empty one takes it away.", examples=["lead letters"]
    )


class ClusterNamed(Answer):
    """A cluster and what it is called now."""

    label: int = Field(description="Its label.", examples=[2])
    name: str | None = Field(description="Its name; null for none.", examples=["lead letters"])
