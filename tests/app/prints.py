"""SIMULATED labels with enrolled prints on a test's chain, and pictures of them as a phone sends them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache
from hashlib import sha256
from io import BytesIO
from typing import Any

import cv2
import numpy as np
from flask.testing import FlaskClient
from werkzeug.datastructures import FileStorage, MultiDict
from werkzeug.test import TestResponse, encode_multipart

from ledger.statement import gs1
from ledger.store.fingerprints import Fingerprints
from scanner.fingerprint.template import Template
from scanner.frames import Frame
from scanner.label import PrintedLabel
from scanner.simulated import station
from scanner.simulated.camera import PHONE, Camera
from scanner.simulated.paper import Raster
from scanner.simulated.station import CLOSE
from tests.world import Chain, Member, seed

GENUINE, COPY = 1, 2  # seeds of paper: the same code, printed twice
FAR = replace(PHONE, px_per_mm=8.0, tilt=4.0, turn=3.0)  # a webcam that cannot come closer
WIDE, HIGH = 1100, 760  # of a picture, pixels
_FACE = 168  # grey of the pack round the label


@cache
def paper(
    item: str, seed: int = GENUINE, lot: str = "L1", expiry: date = date(2028, 1, 31)
) -> Raster:
    """A pack's label on paper."""
    found = gs1.parse_item_id(item)
    label = PrintedLabel(found.gtin, lot, expiry, found.serial)
    return station.print_of(label, seed)


@cache
def _pictures(
    paper_of: tuple[str, int, str, date], count: int, camera: Camera, first: int
) -> list[bytes]:
    found = []
    for number, seen in enumerate(station.photographed(paper(*paper_of), count, first, camera)):
        frame = np.full((HIGH, WIDE), _FACE, np.uint8)
        side = seen.shape[0]
        top, left = (HIGH - side) // 2 - 9 * number, (WIDE - side) // 2 + 23 * number
        frame[top : top + side, left : left + side] = seen
        done, data = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 95])
        assert done
        found.append(data.tobytes())
    return found


@cache
def _template(item: str, lot: str) -> Template:
    return station.enrolled(paper(item, lot=lot), sha256(item.encode()).digest()[:16], 0)


def enrol(
    chain: Chain, kept: Fingerprints, item: str, template: Template | None = None,
    maker: Member | None = None, lot: str = "L1",
) -> tuple[Template, bytes, bytes]:  # fmt: skip
    """Enrol a pack's genuine label: template and salt into the store, the commitment onto the log."""
    template = template or _template(item, lot)
    salt = sha256(b"salt").digest()
    commitment = template.commitment(salt)
    kept.put(item, commitment, bytes(template), salt, chain.now)
    event = chain.event("enrol", maker or chain.maker, [item], extras={item: commitment})
    chain.log.submit(event)
    return template, salt, commitment


def look(
    client: FlaskClient, item: str, pictures: list[bytes], device: str = "phone 1"
) -> TestResponse:
    """Ask whether a label is the enrolled print."""
    return send(client, "match", pictures, item=item, device=device)


def looked(client: FlaskClient, item: str, pictures: list[bytes]) -> dict[str, Any]:
    """The outcome of a look that is taken."""
    answer = look(client, item, pictures)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.get_json()
    return told


def send(client: FlaskClient, what: str, pictures: list[bytes], **fields: str) -> TestResponse:
    """Send pictures to one of the service's routes."""
    name = "frame" if what == "measure" else "frames"
    files = [FileStorage(BytesIO(data), f"{n}.jpg", name) for n, data in enumerate(pictures)]
    # As bytes: Werkzeug's own client leaves a large body's file open.
    boundary, body = encode_multipart(MultiDict([*fields.items(), *((name, one) for one in files)]))
    return client.post(
        f"/api/fingerprint/{what}", data=body,
        content_type=f"multipart/form-data; boundary={boundary}",
    )  # fmt: skip


def pictures(
    item: str, count: int = 3, seed: int = GENUINE, camera: Camera = CLOSE, first: int = 500,
    lot: str = "L1", expiry: date = date(2028, 1, 31),
) -> list[bytes]:  # fmt: skip
    """Pictures of a pack's label in a hand; another `first`, other pictures."""
    return list(_pictures((item, seed, lot, expiry), count, camera, first))


def codes(told: dict[str, Any]) -> list[str]:
    """The reasons of an outcome."""
    return [one["code"] for one in told["reasons"]]


def grey(data: bytes) -> Frame:
    """A picture's grey values."""
    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    return np.asarray(found, np.uint8)


def other_key(who: Member, name: str) -> Member:
    """A member who signs in by another key of its party."""

    class Other(Member):
        key = property(lambda _self: seed(name))  # type: ignore[assignment]

    return Other(who.name, who.role, who.gln, who.site, who.prefix)
