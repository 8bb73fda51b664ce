"""Pictures of pages, for people to look at."""

import os
from pathlib import Path

from playwright.sync_api import Page


def picture(page: Page, name: str) -> None:
    """Keep a picture of the whole page, if CONTROLROOM_PICTURES names a folder for it."""
    if folder := os.environ.get("CONTROLROOM_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
