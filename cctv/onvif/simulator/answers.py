"""What the simulated camera answers, operation by operation; element order is the schemas'."""

import re
from collections.abc import Callable
from datetime import datetime
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from cctv.onvif.simulator.camera import PAN, TILT, TOPICS, ZOOM, Camera, Position, Refused

NAMESPACES = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "wsa": "http://www.w3.org/2005/08/addressing",
    "tds": "http://www.onvif.org/ver10/device/wsdl",
    "trt": "http://www.onvif.org/ver10/media/wsdl",
    "tr2": "http://www.onvif.org/ver20/media/wsdl",
    "tptz": "http://www.onvif.org/ver20/ptz/wsdl",
    "timg": "http://www.onvif.org/ver20/imaging/wsdl",
    "tev": "http://www.onvif.org/ver10/events/wsdl",
    "tt": "http://www.onvif.org/ver10/schema",
    "ter": "http://www.onvif.org/ver10/error",
    "wsnt": "http://docs.oasis-open.org/wsn/b-2",
    "tns1": "http://www.onvif.org/ver10/topics",
}
_DECLARED = " ".join(f'xmlns:{short}="{full}"' for short, full in NAMESPACES.items())
_PREFIX = {full: short for short, full in NAMESPACES.items()}
SERVICES = {
    "tds": ("device_service", 2, 60),
    "tr2": ("media2", 2, 60),
    "trt": ("media", 2, 60),
    "tptz": ("ptz", 2, 60),
    "timg": ("imaging", 2, 60),
    "tev": ("events", 2, 60),
}
SPACE = "http://www.onvif.org/ver10/tptz"
POSITION, VELOCITY = "PositionGenericSpace", "VelocityGenericSpace"
PROFILES = (("main", 1920, 1080), ("sub", 640, 360))
_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")
_SUBSCRIPTION = re.compile(r"/onvif/subscription/([\w-]+)")


class Call:
    """One request: its operation, its arguments, the path and address that it came to."""

    def __init__(self, camera: Camera, body: ET.Element, *, path: str, base: str) -> None:
        self.camera, self.body, self.path, self.base = camera, body, path, base
        namespace, _brace, self.name = body.tag[1:].rpartition("}")
        self.service = _PREFIX.get(namespace, "")

    def find(self, name: str) -> ET.Element | None:
        return next((one for one in self.body.iter() if one.tag.endswith("}" + name)), None)

    def text(self, name: str, default: str = "") -> str:
        found = self.find(name)
        return default if found is None else (found.text or "").strip()

    def seconds(self, name: str, default: float) -> float:
        """Read a duration, or a moment by the camera's own clock."""
        said = self.text(name)
        if found := _DURATION.fullmatch(said):
            days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
            return days * 86400 + hours * 3600 + minutes * 60 + seconds
        if not said:
            return default
        moment = datetime.fromisoformat(said)
        return (moment - self.camera.now()).total_seconds()

    def axes(self) -> tuple[float | None, float | None, float | None]:
        place, zoom = self.find("PanTilt"), self.find("Zoom")
        try:
            pan = None if place is None else float(place.attrib["x"])
            tilt = None if place is None else float(place.attrib["y"])
            return pan, tilt, None if zoom is None else float(zoom.attrib["x"])
        except (KeyError, ValueError):
            raise Refused("ter:InvalidArgVal") from None

    def profile(self) -> str:
        token = self.text("ProfileToken")
        if token not in {name for name, _width, _height in PROFILES}:
            raise Refused("ter:NoProfile")
        return token

    @property
    def subscription(self) -> str:
        found = _SUBSCRIPTION.fullmatch(self.path)
        return found[1] if found else ""


def envelope(inner: str, *, action: str = "") -> str:
    header = f"<s:Header><wsa:Action>{action}</wsa:Action></s:Header>" if action else ""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope {_DECLARED}>{header}'
        f"<s:Body>{inner}</s:Body></s:Envelope>"
    )


def fault(subcode: str, *, code: str = "s:Sender") -> str:
    return envelope(
        f"<s:Fault><s:Code><s:Value>{code}</s:Value><s:Subcode><s:Value>{subcode}</s:Value>"
        f'</s:Subcode></s:Code><s:Reason><s:Text xml:lang="en">{subcode[4:]}</s:Text></s:Reason>'
        "</s:Fault>"
    )


def answer(call: Call) -> str:
    """Carry the operation out. Raises: Refused."""
    work = OPERATIONS.get((call.service, call.name))
    if work is None:
        raise Refused("ter:ActionNotSupported")
    return envelope(f"<{call.service}:{call.name}Response>{work(call)}"
                    f"</{call.service}:{call.name}Response>")  # fmt: skip


# --- device -------------------------------------------------------------------------------
def _clock(call: Call) -> str:
    now = call.camera.now()
    return (
        "<tds:SystemDateAndTime><tt:DateTimeType>NTP</tt:DateTimeType>"
        "<tt:DaylightSavings>false</tt:DaylightSavings><tt:TimeZone><tt:TZ>KST-9</tt:TZ>"
        f"</tt:TimeZone><tt:UTCDateTime><tt:Time><tt:Hour>{now.hour}</tt:Hour>"
        f"<tt:Minute>{now.minute}</tt:Minute><tt:Second>{now.second}</tt:Second></tt:Time>"
        f"<tt:Date><tt:Year>{now.year}</tt:Year><tt:Month>{now.month}</tt:Month>"
        f"<tt:Day>{now.day}</tt:Day></tt:Date></tt:UTCDateTime></tds:SystemDateAndTime>"
    )


def _information(call: Call) -> str:
    return (
        "<tds:Manufacturer>Controlroom</tds:Manufacturer><tds:Model>Simulated PTZ</tds:Model>"
        f"<tds:FirmwareVersion>1.0</tds:FirmwareVersion><tds:SerialNumber>{call.camera.serial}"
        "</tds:SerialNumber><tds:HardwareId>sim</tds:HardwareId>"
    )


def _services(call: Call) -> str:
    return "".join(
        f"<tds:Service><tds:Namespace>{NAMESPACES[short]}</tds:Namespace>"
        f"<tds:XAddr>{call.base}/onvif/{path}</tds:XAddr><tds:Version><tt:Major>{major}</tt:Major>"
        f"<tt:Minor>{minor}</tt:Minor></tds:Version></tds:Service>"
        for short, (path, major, minor) in SERVICES.items()
    )


def _capabilities(call: Call) -> str:
    def at(path: str) -> str:
        return f"<tt:XAddr>{call.base}/onvif/{path}</tt:XAddr>"

    return (
        f"<tds:Capabilities><tt:Device>{at('device_service')}</tt:Device>"
        f"<tt:Events>{at('events')}<tt:WSSubscriptionPolicySupport>false"
        "</tt:WSSubscriptionPolicySupport><tt:WSPullPointSupport>true</tt:WSPullPointSupport>"
        "<tt:WSPausableSubscriptionManagerInterfaceSupport>false"
        "</tt:WSPausableSubscriptionManagerInterfaceSupport></tt:Events>"
        f"<tt:Imaging>{at('imaging')}</tt:Imaging><tt:Media>{at('media')}"
        "<tt:StreamingCapabilities/></tt:Media>"
        f"<tt:PTZ>{at('ptz')}</tt:PTZ></tds:Capabilities>"
    )


# --- media --------------------------------------------------------------------------------
def _source(tag: str) -> str:
    return (
        f'<{tag} token="src"><tt:Name>src</tt:Name><tt:UseCount>2</tt:UseCount>'
        "<tt:SourceToken>video0</tt:SourceToken>"
        f'<tt:Bounds x="0" y="0" width="1920" height="1080"/></{tag}>'
    )


def _ptz_configuration(tag: str) -> str:
    return (
        f'<{tag} token="ptz"><tt:Name>ptz</tt:Name><tt:UseCount>2</tt:UseCount>'
        f"<tt:NodeToken>node</tt:NodeToken></{tag}>"
    )


_MULTICAST = (
    "<tt:Multicast><tt:Address><tt:Type>IPv4</tt:Type><tt:IPv4Address>0.0.0.0</tt:IPv4Address>"
    "</tt:Address><tt:Port>0</tt:Port><tt:TTL>1</tt:TTL><tt:AutoStart>false</tt:AutoStart>"
    "</tt:Multicast>"
)


def _profiles(_call: Call) -> str:
    return "".join(
        f'<trt:Profiles token="{token}" fixed="true"><tt:Name>{token}</tt:Name>'
        + _source("tt:VideoSourceConfiguration")
        + f'<tt:VideoEncoderConfiguration token="enc-{token}"><tt:Name>{token}</tt:Name>'
        "<tt:UseCount>1</tt:UseCount><tt:Encoding>H264</tt:Encoding>"
        f"<tt:Resolution><tt:Width>{width}</tt:Width><tt:Height>{height}</tt:Height>"
        "</tt:Resolution><tt:Quality>5</tt:Quality><tt:RateControl><tt:FrameRateLimit>15"
        "</tt:FrameRateLimit><tt:EncodingInterval>1</tt:EncodingInterval><tt:BitrateLimit>2000"
        "</tt:BitrateLimit></tt:RateControl><tt:H264><tt:GovLength>30</tt:GovLength>"
        f"<tt:H264Profile>Main</tt:H264Profile></tt:H264>{_MULTICAST}"
        "<tt:SessionTimeout>PT60S</tt:SessionTimeout></tt:VideoEncoderConfiguration>"
        + _ptz_configuration("tt:PTZConfiguration")
        + "</trt:Profiles>"
        for token, width, height in PROFILES
    )


def _profiles2(_call: Call) -> str:
    return "".join(
        f'<tr2:Profiles token="{token}" fixed="true"><tr2:Name>{token}</tr2:Name>'
        "<tr2:Configurations>"
        + _source("tr2:VideoSource")
        + f'<tr2:VideoEncoder token="enc-{token}" GovLength="30" Profile="Main">'
        f"<tt:Name>{token}</tt:Name><tt:UseCount>1</tt:UseCount><tt:Encoding>H264</tt:Encoding>"
        f"<tt:Resolution><tt:Width>{width}</tt:Width><tt:Height>{height}</tt:Height>"
        '</tt:Resolution><tt:RateControl ConstantBitRate="false"><tt:FrameRateLimit>15'
        "</tt:FrameRateLimit><tt:BitrateLimit>2000</tt:BitrateLimit></tt:RateControl>"
        "<tt:Quality>5</tt:Quality></tr2:VideoEncoder>"
        + _ptz_configuration("tr2:PTZ")
        + "</tr2:Configurations></tr2:Profiles>"
        for token, width, height in PROFILES
    )


def _stream(call: Call) -> str:
    uri = f"{call.camera.stream_uri}?profile={call.profile()}" if call.camera.stream_uri else ""
    return escape(uri or f"rtsp://127.0.0.1:554/{call.profile()}")


def _media_uri(uri: str) -> str:
    return (
        f"<trt:MediaUri><tt:Uri>{uri}</tt:Uri><tt:InvalidAfterConnect>false"
        "</tt:InvalidAfterConnect><tt:InvalidAfterReboot>false</tt:InvalidAfterReboot>"
        "<tt:Timeout>PT0S</tt:Timeout></trt:MediaUri>"
    )


def _snapshot(call: Call) -> str:
    return f"{call.base}/snapshot/{call.profile()}.jpg"


# --- PTZ ----------------------------------------------------------------------------------
def _range(tag: str, limits: tuple[float, float]) -> str:
    return f"<tt:{tag}><tt:Min>{limits[0]}</tt:Min><tt:Max>{limits[1]}</tt:Max></tt:{tag}>"


def _space(tag: str, uri: str, *ranges: tuple[float, float]) -> str:
    axes = "".join(
        _range(name, one) for name, one in zip(("XRange", "YRange"), ranges, strict=False)
    )
    return f"<tt:{tag}><tt:URI>{SPACE}/{uri}</tt:URI>{axes}</tt:{tag}>"


def _nodes(_call: Call) -> str:
    full = (-1.0, 1.0)
    return (
        '<tptz:PTZNode token="node" FixedHomePosition="false"><tt:Name>node</tt:Name>'
        "<tt:SupportedPTZSpaces>"
        + _space("AbsolutePanTiltPositionSpace", f"PanTiltSpaces/{POSITION}", PAN, TILT)
        + _space("AbsoluteZoomPositionSpace", f"ZoomSpaces/{POSITION}", ZOOM)
        + _space("ContinuousPanTiltVelocitySpace", f"PanTiltSpaces/{VELOCITY}", full, full)
        + _space("ContinuousZoomVelocitySpace", f"ZoomSpaces/{VELOCITY}", full)
        + "</tt:SupportedPTZSpaces><tt:MaximumNumberOfPresets>32</tt:MaximumNumberOfPresets>"
        "<tt:HomeSupported>true</tt:HomeSupported></tptz:PTZNode>"
    )


def _place(position: Position) -> str:
    return (
        f'<tt:PanTilt x="{position.pan:.5f}" y="{position.tilt:.5f}" '
        f'space="{SPACE}/PanTiltSpaces/{POSITION}"/>'
        f'<tt:Zoom x="{position.zoom:.5f}" space="{SPACE}/ZoomSpaces/{POSITION}"/>'
    )


def _status(call: Call) -> str:
    call.profile()
    turning, zooming = ("MOVING" if is_so else "IDLE" for is_so in call.camera.is_moving())
    return (
        f"<tptz:PTZStatus><tt:Position>{_place(call.camera.position())}</tt:Position>"
        f"<tt:MoveStatus><tt:PanTilt>{turning}</tt:PanTilt><tt:Zoom>{zooming}</tt:Zoom>"
        f"</tt:MoveStatus><tt:UtcTime>{_moment(call.camera.now())}</tt:UtcTime></tptz:PTZStatus>"
    )


def _continuous(call: Call) -> str:
    call.profile()
    pan, tilt, zoom = call.axes()
    velocity = (pan or 0.0, tilt or 0.0, zoom or 0.0)
    if any(abs(speed) > 1 for speed in velocity):
        raise Refused("ter:InvalidVelocity")
    call.camera.move(velocity, call.seconds("Timeout", 0.0) if call.text("Timeout") else None)
    return ""


def _absolute(call: Call) -> str:
    call.profile()
    call.camera.go(*call.axes())
    return ""


def _stop(call: Call) -> str:
    call.profile()
    call.camera.stop()
    return ""


def _presets(call: Call) -> str:
    call.profile()
    return "".join(
        f'<tptz:Preset token="{token}"><tt:Name>{escape(name)}</tt:Name>'
        f"<tt:PTZPosition>{_place(at)}</tt:PTZPosition></tptz:Preset>"
        for token, (name, at) in call.camera.presets.items()
    )


def _to_preset(call: Call) -> str:
    call.profile()
    found = call.camera.presets.get(call.text("PresetToken"))
    if found is None:
        raise Refused("ter:NoToken")
    call.camera.go_to(found[1])
    return ""


def _keep_preset(call: Call) -> str:
    call.profile()
    token = call.camera.keep_preset(call.text("PresetToken"), call.text("PresetName"))
    return f"<tptz:PresetToken>{token}</tptz:PresetToken>"


def _home(call: Call) -> str:
    call.profile()
    call.camera.go_to(call.camera.home)
    return ""


def _keep_home(call: Call) -> str:
    call.profile()
    call.camera.home = call.camera.position()
    return ""


def _imaging(_call: Call) -> str:
    return (
        "<timg:ImagingSettings><tt:Brightness>50</tt:Brightness>"
        "<tt:ColorSaturation>50</tt:ColorSaturation><tt:Contrast>50</tt:Contrast>"
        "</timg:ImagingSettings>"
    )


# --- events -------------------------------------------------------------------------------
def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _subscribe(call: Call) -> str:
    lasting_s = call.seconds("InitialTerminationTime", 60.0)
    key = call.camera.subscribe(lasting_s)
    until = call.camera.subscriptions[key].expires_at
    return (
        f"<tev:SubscriptionReference><wsa:Address>{call.base}/onvif/subscription/{key}"
        f"</wsa:Address></tev:SubscriptionReference><wsnt:CurrentTime>"
        f"{_moment(call.camera.now())}</wsnt:CurrentTime><wsnt:TerminationTime>{_moment(until)}"
        "</wsnt:TerminationTime>"
    )


def _message(at: datetime, kind: str, state: bool) -> str:  # noqa: FBT001  # as it was queued
    topic, item = TOPICS[kind]
    return (
        "<wsnt:NotificationMessage><wsnt:Topic "
        'Dialect="http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet">'
        f"{topic}</wsnt:Topic><wsnt:Message>"
        f'<tt:Message UtcTime="{_moment(at)}" PropertyOperation="Changed"><tt:Source>'
        '<tt:SimpleItem Name="Source" Value="video0"/></tt:Source><tt:Data>'
        f'<tt:SimpleItem Name="{item}" Value="{str(state).lower()}"/></tt:Data></tt:Message>'
        "</wsnt:Message></wsnt:NotificationMessage>"
    )


def _pull(call: Call) -> str:
    limit = int(call.text("MessageLimit", "20") or 20)
    taken = call.camera.pull(call.subscription, call.seconds("Timeout", 5.0), limit)
    found = call.camera.subscriptions.get(call.subscription)
    until = found.expires_at if found else call.camera.now()
    return (
        f"<tev:CurrentTime>{_moment(call.camera.now())}</tev:CurrentTime>"
        f"<tev:TerminationTime>{_moment(until)}</tev:TerminationTime>"
        + "".join(_message(*one) for one in taken)
    )


def _renew(call: Call) -> str:
    until = call.camera.renew(call.subscription, call.seconds("TerminationTime", 60.0))
    return (
        f"<wsnt:TerminationTime>{_moment(until)}</wsnt:TerminationTime>"
        f"<wsnt:CurrentTime>{_moment(call.camera.now())}</wsnt:CurrentTime>"
    )


def _unsubscribe(call: Call) -> str:
    call.camera.unsubscribe(call.subscription)
    return ""


def _synchronise(_call: Call) -> str:
    return ""


OPERATIONS: dict[tuple[str, str], Callable[[Call], str]] = {
    ("tds", "GetSystemDateAndTime"): _clock,
    ("tds", "GetDeviceInformation"): _information,
    ("tds", "GetServices"): _services,
    ("tds", "GetCapabilities"): _capabilities,
    ("trt", "GetProfiles"): _profiles,
    ("trt", "GetStreamUri"): lambda call: _media_uri(_stream(call)),
    ("trt", "GetSnapshotUri"): lambda call: _media_uri(_snapshot(call)),
    ("tr2", "GetProfiles"): _profiles2,
    ("tr2", "GetStreamUri"): lambda call: f"<tr2:Uri>{_stream(call)}</tr2:Uri>",
    ("tr2", "GetSnapshotUri"): lambda call: f"<tr2:Uri>{_snapshot(call)}</tr2:Uri>",
    ("tptz", "GetNodes"): _nodes,
    ("tptz", "GetConfigurations"): lambda _call: _ptz_configuration("tptz:PTZConfiguration"),
    ("tptz", "GetStatus"): _status,
    ("tptz", "ContinuousMove"): _continuous,
    ("tptz", "AbsoluteMove"): _absolute,
    ("tptz", "Stop"): _stop,
    ("tptz", "GetPresets"): _presets,
    ("tptz", "GotoPreset"): _to_preset,
    ("tptz", "SetPreset"): _keep_preset,
    ("tptz", "GotoHomePosition"): _home,
    ("tptz", "SetHomePosition"): _keep_home,
    ("timg", "GetImagingSettings"): _imaging,
    ("tev", "CreatePullPointSubscription"): _subscribe,
    ("tev", "PullMessages"): _pull,
    ("tev", "SetSynchronizationPoint"): _synchronise,
    ("wsnt", "Renew"): _renew,
    ("wsnt", "Unsubscribe"): _unsubscribe,
}
# Asked by whoever does not know yet who to be.
OPEN = frozenset({"GetSystemDateAndTime", "GetServices", "GetCapabilities"})
