"""A camera of the simulated city that turns: ONVIF over real HTTP, found by real discovery."""

import hashlib

from cctv.onvif.simulator.camera import Camera
from cctv.onvif.simulator.server import Simulator

USER = "controlroom"


def password_of(client_secret: str) -> str:
    """Derive the camera's password, so that the city and the camera need no file in common."""
    return hashlib.sha256(f"{client_secret}/camera".encode()).hexdigest()[:24]


def address_of(port: int) -> str:
    return f"http://127.0.0.1:{port}"


def serve(*, port: int, client_secret: str) -> Simulator:
    """Play the camera. Raises: OSError when its port or that of discovery is another's."""
    camera = Camera(name="PTZ", user=USER, password=password_of(client_secret))
    return Simulator(camera, port=port)
