# The package has no type hints, and what pyright infers from its defaults is wrong.
from typing import Any

def __getattr__(name: str) -> Any: ...
