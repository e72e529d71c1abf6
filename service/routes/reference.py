"""`/docs`: every route on one page made here, asking nothing of other servers."""

from fastapi import APIRouter

router = APIRouter(include_in_schema=False)
