"""The routes, one file per noun, each with its router on top."""

from starlette.convertors import PathConvertor, register_url_convertor


class _AnyPath(PathConvertor):
    """A path of any characters: an end of a line in it is no other route, as Starlette has it."""

    regex = r"[\s\S]*"


register_url_convertor("path", _AnyPath())
