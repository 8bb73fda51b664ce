"""How pages look: pictures for people to look at, and that nothing runs out of them."""

import os
from pathlib import Path

from playwright.sync_api import Page


def picture(page: Page, name: str) -> None:
    """Keep a picture of the whole page, if CONTROLROOM_PICTURES names a folder for it."""
    if folder := os.environ.get("CONTROLROOM_PICTURES"):
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def fits(page: Page) -> bool:
    """Say whether the page itself needs no scrolling sideways."""
    return page.evaluate("document.documentElement.scrollWidth <= innerWidth")
