"""The tests' settings, with hashed static files from the folder that the test names."""

import os
from pathlib import Path

from controlroom.staticfiles import ModuleManifestStorage
from tests.settings import *  # noqa: F403
from tests.settings import STORAGES

STATIC_ROOT = Path(os.environ["CONTROLROOM_TEST_STATIC"])
STORAGES["staticfiles"] = {
    "BACKEND": f"{ModuleManifestStorage.__module__}.{ModuleManifestStorage.__qualname__}"
}
