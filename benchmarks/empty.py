"""The floor to measure against: FastAPI with nothing to do."""

from __future__ import annotations

from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Nothing(BaseModel):
    status: str


@app.get("/empty")
async def empty() -> Nothing:
    return Nothing(status="ok")
