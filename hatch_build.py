"""Hook of hatchling: a wheel holds the finished page, built from its own sources."""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PageHook(BuildHookInterface):
    """Builds the page into the wheel; an editable installation builds it when it is asked for."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the page and include it."""
        if self.target_name != "wheel" or version == "editable":
            return
        sys.path.insert(0, self.root)
        from mlbalance.page.build import page

        path = Path(self.directory) / "built.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page(), encoding="utf-8")
        build_data["force_include"][str(path)] = "mlbalance/page/built.html"
