"""Where GDAL, GEOS and PROJ come from: the user's own, or the ones inside the pyogrio wheel."""

import os
from importlib.util import find_spec
from pathlib import Path

# Seoul city hall in WGS84 and the Korean national grid (EPSG:5179), by PostGIS with PROJ 9.1.
KNOWN_LON_LAT = (126.9779451, 37.5662952)
KNOWN_EASTING_NORTHING_M = (953_896.2, 1_952_009.4)


def wheel_library() -> str | None:
    """Find the file of the pyogrio wheel that holds GDAL, GEOS and PROJ; its name has a hash."""
    spec = find_spec("pyogrio")
    if spec is None or spec.origin is None:
        return None
    package = Path(spec.origin).parent
    found = sorted(package.parent.glob("pyogrio.libs/libgdal-*.so*")) or sorted(
        package.glob(".dylibs/libgdal.*.dylib")
    )
    if not found:
        return None
    # The wheel embeds proj.db; these serve the versions that do not.
    os.environ.setdefault("PROJ_DATA", str(package / "proj_data"))
    os.environ.setdefault("GDAL_DATA", str(package / "gdal_data"))
    return str(found[0])


def library_paths() -> dict[str, str]:
    """Give the GDAL_LIBRARY_PATH and GEOS_LIBRARY_PATH settings; empty lets Django search."""
    wheel = wheel_library()
    paths = {
        "GDAL_LIBRARY_PATH": os.environ.get("GDAL_LIBRARY_PATH") or wheel,
        "GEOS_LIBRARY_PATH": os.environ.get("GEOS_LIBRARY_PATH") or wheel,
    }
    return {name: path for name, path in paths.items() if path}
