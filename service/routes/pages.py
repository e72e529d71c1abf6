"""The pages that people look at."""

from fastapi import APIRouter

router = APIRouter(include_in_schema=False)
