"""The shape of everything that goes wrong."""

from pydantic import BaseModel, ConfigDict, Field


class Shape(BaseModel):
    """A model that has these members and no others."""

    model_config = ConfigDict(extra="forbid")


class InvalidPart(Shape):
    """One part of a request that is not valid."""

    where: str = Field(
        description="Where it stands: `query.k`, `path.label`.", examples=["query.k"]
    )
    message: str = Field(
        description="What is wrong with it.", examples=["Input should be less than or equal to 100"]
    )


class Problem(Shape):
    """What went wrong, as RFC 9457 has it; every error of the service has this shape."""

    type: str = Field(
        description="URI of the kind of problem.", examples=["urn:tilescreen:problem:unknown-tile"]
    )
    title: str = Field(description="The kind of problem in words.", examples=["No such tile"])
    status: int = Field(description="HTTP status.", examples=[404])
    code: str = Field(
        description="The kind of problem, stable, to switch on.", examples=["unknown_tile"]
    )
    detail: str = Field(
        description="What is wrong here and what to do.",
        examples=["No stored tile has the id 'c310'. Near matches: c311."],
    )
    instance: str | None = Field(
        description="The request's id, as in X-Request-Id; not in errors of single tiles.",
        examples=["0d8f6f5f0c9b4a35-0000002a"],
        default=None,
    )
    index: int | None = Field(
        description="Position of the tile in the request; only in errors of single tiles.",
        examples=[1],
        default=None,
    )
    error: str | None = Field(
        description="`detail` again, where clients of the inference protocol look for it; below "
        "/v2 only.",
        examples=["There is no model 'x'; there is 'tilescreen'."],
        default=None,
    )
    near: list[str] | None = Field(
        description="Stored ids that look like the unknown one.", examples=[["c311"]], default=None
    )
    errors: list[InvalidPart] | None = Field(
        description="Each part of the request that is not valid.",
        examples=[[{"where": "query.k", "message": "Input should be less than or equal to 100"}]],
        default=None,
    )
